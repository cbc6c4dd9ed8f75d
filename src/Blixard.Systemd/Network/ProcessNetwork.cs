using System.Globalization;
using Blixard.Systemd.Cgroups;

namespace Blixard.Systemd.Network;

/// <summary>
/// Counters of a process's network namespace, for VMs without a tap (user-mode networking in a namespace of its own).
/// </summary>
public sealed class ProcessNetwork(ReadErrors errors, string procRoot = "/proc")
{
    /// <summary>
    /// All interfaces of the process's namespace but the loopback, summed. Null if the process is gone, or if it is in
    /// our own namespace: those counters are the host's, and would be wrong for every VM on it.
    /// </summary>
    /// <param name="pid">The unit's main process.</param>
    public NetworkCounters? Read(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, 1);
        var directory = Path.Combine(procRoot, pid.ToString(CultureInfo.InvariantCulture));
        try
        {
            // The link reads "net:[4026531840]": equal text, same namespace.
            var theirs = new FileInfo(Path.Combine(directory, "ns", "net")).LinkTarget;
            var ours = new FileInfo(Path.Combine(procRoot, "self", "ns", "net")).LinkTarget;
            if (theirs is null || theirs == ours)
            {
                return null;
            }

            var file = Path.Combine(directory, "net", "dev");
            var counters = Parse(File.ReadAllText(file));
            if (counters is null)
            {
                errors.Add(file);
            }

            return counters;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or we may not look: not available.
            return null;
        }
    }

    /// <summary>proc_net_dev(5): two lines of headings, then "name: rx x 8 tx x 8"; null if it is not that.</summary>
    internal static NetworkCounters? Parse(string content)
    {
        var sum = default(NetworkCounters);
        var lines = content.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2)
        {
            return null;
        }

        foreach (var line in lines.AsSpan(2))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                return null;
            }

            if (line.AsSpan(0, colon).Trim() is "lo")
            {
                continue;
            }

            var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var values = new ulong[16];
            if (fields.Length < values.Length)
            {
                return null;
            }

            for (var i = 0; i < values.Length; i++)
            {
                if (!ulong.TryParse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture, out values[i]))
                {
                    return null;
                }
            }

            sum += new NetworkCounters(
                values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]);
        }

        return sum;
    }
}
