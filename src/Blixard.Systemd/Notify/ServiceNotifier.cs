using System.Diagnostics;
using System.Globalization;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Notify;

/// <summary>
/// Tells the service manager how this process is doing (sd_notify(3)). Outside of a unit with NotifyAccess every
/// method does nothing: a daemon started from a terminal has nobody to tell.
/// </summary>
public sealed class ServiceNotifier
{
    private const string SocketVariable = "NOTIFY_SOCKET";

    /// <exception cref="SystemdUnavailableException">A manager waits for messages, but libsystemd is
    /// missing.</exception>
    public ServiceNotifier()
    {
        IsEnabled = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SocketVariable));
        if (!IsEnabled)
        {
            return;
        }

        try
        {
            // WATCHDOG_PID is checked as well: the variables may have been meant for a parent.
            if (LibSystemdDaemon.sd_watchdog_enabled(0, out var microseconds) > 0)
            {
                WatchdogInterval = TimeSpan.FromMicroseconds(microseconds);
            }
        }
        catch (DllNotFoundException e)
        {
            throw new SystemdUnavailableException("libsystemd.so.0 is not installed on this host.", e);
        }
    }

    /// <summary>Whether a service manager listens.</summary>
    public bool IsEnabled { get; }

    /// <summary>
    /// WatchdogSec of the unit: without <see cref="Watchdog"/> within it systemd kills us. Send at half of it. Null if
    /// there is no watchdog.
    /// </summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>Start-up is complete: the unit becomes active.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>The line that <c>systemctl status</c> shows.</summary>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>Still alive; only to be sent by a loop that really turns.</summary>
    public void Watchdog() => Send("WATCHDOG=1");

    /// <summary>
    /// The configuration is being read anew, until <see cref="Ready"/>: systemctl reload waits for that.
    /// </summary>
    public void Reloading(string status)
    {
        // CLOCK_MONOTONIC, by which systemd tells this reload from an earlier one.
        var now = (ulong)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        Send(string.Create(
            CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS={OneLine(status)}"));
    }

    /// <summary>Shutting down, on purpose.</summary>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <summary>
    /// Start-up or shutdown is under way and will take up to that long from now (EXTEND_TIMEOUT_USEC).
    /// </summary>
    public void ExtendTimeout(TimeSpan extension) =>
        Send(string.Create(CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)extension.TotalMicroseconds}"));

    // A line feed would begin another assignment.
    private static string OneLine(string status) => status.ReplaceLineEndings(" ").Replace('\n', ' ');

    private void Send(string state)
    {
        if (!IsEnabled)
        {
            return;
        }

        var result = LibSystemdDaemon.sd_notify(0, state);
        if (result < 0)
        {
            throw new SystemdUnavailableException($"Cannot notify the service manager: {Errno.Describe(result)}");
        }
    }
}
