using System.Runtime.InteropServices;

namespace Blixard.Systemd.Native;

/// <summary>sd-daemon(3).</summary>
internal static partial class LibSystemdDaemon
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_notify(int unsetEnvironment, string state);

    [LibraryImport(Library)]
    public static partial int sd_watchdog_enabled(int unsetEnvironment, out ulong microseconds);
}
