using System.Buffers.Text;
using System.Globalization;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Network;

/// <summary>
/// Counters of a process's network namespace, for a VM without a tap (user-mode networking in a namespace of its own).
/// One thread at a time.
/// </summary>
/// <remarks>
/// Whose namespace it is can't be asked: <c>/proc/PID/ns/net</c> of another user's process needs CAP_SYS_PTRACE
/// (namespaces(7)), with which this daemon could read every process's memory. <c>/proc/PID/net/dev</c> is anyone's to
/// read (proc_pid_net(5)), and every namespace has a file of its own there, with an inode of its own.
/// </remarks>
public sealed class ProcessNetwork : IDisposable
{
    // A line of about 130 bytes for each interface.
    private const int BufferBytes = 16 * 1024;

    // Readings until a process that was found in our own namespace is looked at again: what starts it may move it.
    private const int Rest = 12;

    [ThreadStatic]
    private static byte[]? s_buffer;

    private readonly ReadErrors _errors;
    private readonly KernelFile _counters;
    private readonly string _own;
    private bool _isOwn = true;
    private int _resting;

    /// <param name="pid">The unit's main process.</param>
    public ProcessNetwork(int pid, ReadErrors errors, string procRoot = "/proc")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, 1);
        _errors = errors;
        _counters = new(Path.Combine(procRoot, pid.ToString(CultureInfo.InvariantCulture), "net", "dev"));
        _own = Path.Combine(procRoot, "self", "net", "dev");
    }

    /// <summary>
    /// All interfaces of the process's namespace but the loopback, summed. Null if the process is gone, or if it is in
    /// our own namespace: those counters are the host's, and would be wrong for every VM on it.
    /// </summary>
    public NetworkCounters? Read()
    {
        if (_isOwn && (_isOwn = IsOwn()))
        {
            return null;
        }

        var buffer = s_buffer ??= new byte[BufferBytes];
        var length = _counters.Read(buffer, inPieces: true);
        if (length < 0)
        {
            // It has just ended, or we may not look: not available.
            _isOwn = true;
            return null;
        }

        if (length < buffer.Length && TryParse(buffer.AsSpan(0, length), out var counters))
        {
            return counters;
        }

        _errors.Add(_counters.Path);
        return null;
    }

    public void Dispose() => _counters.Dispose();

    private bool IsOwn()
    {
        if (_resting > 0)
        {
            _resting--;
            return true;
        }

        if (FileNumber.Of(_counters.Path) is { } theirs && FileNumber.Of(_own) is { } own && theirs != own)
        {
            return false;
        }

        // Ours, or the process has ended.
        _resting = Rest;
        return true;
    }

    /// <summary>proc_net_dev(5): two lines of headings, then "name: rx x 8 tx x 8"; false if it is not that.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> content, out NetworkCounters sum)
    {
        sum = default;
        var lines = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            var line = content[range];
            if (line.IsEmpty || lines++ < 2)
            {
                continue;
            }

            var colon = line.IndexOf((byte)':');
            if (colon < 0 || !TryParseCounters(line[(colon + 1)..], out var counters))
            {
                return false;
            }

            if (!line[..colon].Trim((byte)' ').SequenceEqual("lo"u8))
            {
                sum += counters;
            }
        }

        return lines >= 2;
    }

    private static bool TryParseCounters(ReadOnlySpan<byte> text, out NetworkCounters counters)
    {
        Span<ulong> values = stackalloc ulong[16];
        counters = default;
        for (var i = 0; i < values.Length; i++)
        {
            text = text.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(text, out values[i], out var used)
                || (used < text.Length && text[used] != (byte)' '))
            {
                return false;
            }

            text = text[used..];
        }

        counters = new(values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]);
        return true;
    }
}
