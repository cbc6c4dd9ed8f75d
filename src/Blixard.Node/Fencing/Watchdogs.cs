using System.Globalization;

namespace Blixard.Node.Fencing;

/// <summary>The hardware watchdogs that run on this host.</summary>
internal interface IWatchdogs
{
    /// <summary>W: after so many milliseconds one of them has reset a host that hangs; 0: none runs.</summary>
    uint LongestMs { get; }
}

/// <summary>Those of /sys/class/watchdog (the kernel's ABI/testing/sysfs-class-watchdog).</summary>
internal sealed class KernelWatchdogs(string directory = "/sys/class/watchdog") : IWatchdogs
{
    public uint LongestMs
    {
        get
        {
            var longest = 0u;
            foreach (var watchdog in Directory.Exists(directory) ? Directory.GetDirectories(directory) : [])
            {
                if (Read(watchdog, "state") == "active" && uint.TryParse(
                    Read(watchdog, "timeout"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                {
                    // The longest, if there are several: the wait must cover whichever resets the host.
                    longest = Math.Max(longest, seconds * 1000);
                }
            }

            return longest;
        }
    }

    private static string? Read(string watchdog, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(watchdog, file)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
