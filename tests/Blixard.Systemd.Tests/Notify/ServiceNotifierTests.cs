using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Blixard.Systemd.Notify;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Notify;

/// <summary>
/// Against a socket like the one that systemd gives a service. libsystemd reads the process's real environment, which
/// .NET's copy does not change: both are set. The tests of this class run one after the other, and no other class
/// looks at these variables.
/// </summary>
public sealed partial class ServiceNotifierTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ServiceNotifierTests()
    {
        var path = _directory.Combine("notify");
        _manager.Bind(new UnixDomainSocketEndPoint(path));
        _manager.ReceiveTimeout = 10_000;
        Set("NOTIFY_SOCKET", path);
    }

    public void Dispose()
    {
        Set("NOTIFY_SOCKET", null);
        Set("WATCHDOG_USEC", null);
        Set("WATCHDOG_PID", null);
        _manager.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Every_message_is_sent_in_the_managers_words()
    {
        var notifier = new ServiceNotifier();

        notifier.Ready("3 VMs");
        Assert.Equal("READY=1\nSTATUS=3 VMs", Received());
        notifier.Status("4 VMs");
        Assert.Equal("STATUS=4 VMs", Received());
        notifier.Watchdog();
        Assert.Equal("WATCHDOG=1", Received());
        notifier.ExtendTimeout(TimeSpan.FromSeconds(30));
        Assert.Equal("EXTEND_TIMEOUT_USEC=30000000", Received());
        var before = (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        notifier.Reloading("reading");
        var reloading = Received().Split('\n');
        Assert.Equal(("RELOADING=1", "STATUS=reading"), (reloading[0], reloading[2]));
        Assert.StartsWith("MONOTONIC_USEC=", reloading[1], StringComparison.Ordinal);
        Assert.InRange(
            long.Parse(reloading[1].Split('=')[1], CultureInfo.InvariantCulture),
            before,
            (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds);
        notifier.Stopping("on request");
        Assert.Equal("STOPPING=1\nSTATUS=on request", Received());
        Assert.True(notifier.IsEnabled);
    }

    [Fact]
    public void A_line_feed_in_a_status_is_no_second_message()
    {
        new ServiceNotifier().Status("a\nWATCHDOG=trigger\r\nb");
        Assert.Equal("STATUS=a WATCHDOG=trigger b", Received());
    }

    [Fact]
    public void The_watchdogs_interval_is_read()
    {
        Assert.Null(new ServiceNotifier().WatchdogInterval);
        Set("WATCHDOG_USEC", "60000000");
        Set("WATCHDOG_PID", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(TimeSpan.FromSeconds(60), new ServiceNotifier().WatchdogInterval);
    }

    [Fact]
    public void A_watchdog_that_is_meant_for_another_process_is_not_ours()
    {
        Set("WATCHDOG_USEC", "60000000");
        Set("WATCHDOG_PID", "1");
        Assert.Null(new ServiceNotifier().WatchdogInterval);
    }

    [Fact]
    public void Without_a_manager_nothing_is_sent_and_nothing_fails()
    {
        Set("NOTIFY_SOCKET", null);
        var notifier = new ServiceNotifier();

        notifier.Ready("");
        notifier.Watchdog();

        Assert.False(notifier.IsEnabled);
        Assert.Equal(0, _manager.Available);
    }

    [Fact]
    public void A_manager_that_has_gone_is_an_error()
    {
        var notifier = new ServiceNotifier();
        _manager.Dispose();
        Assert.Throws<SystemdUnavailableException>(notifier.Watchdog);
    }

    private static void Set(string variable, string? value)
    {
        Environment.SetEnvironmentVariable(variable, value);
        if (value is null)
        {
            unsetenv(variable);
        }
        else
        {
            setenv(variable, value, 1);
        }
    }

    private string Received()
    {
        var buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);
}
