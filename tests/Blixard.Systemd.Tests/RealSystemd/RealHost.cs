using System.Globalization;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Journal;

namespace Blixard.Systemd.Tests.RealSystemd;

/// <summary>
/// A host with a real systemd, looked at from outside of its namespaces. <c>make test</c> boots it and sets:
/// <list type="bullet">
/// <item><c>BLIXARD_TEST_BUS</c>: the address of its system bus, <c>unix:path=...</c>.</item>
/// <item><c>BLIXARD_TEST_JOURNAL</c>: the directory of its journal.</item>
/// <item><c>BLIXARD_TEST_CGROUP</c>: its subtree of cgroup v2; ControlGroup paths are relative to it.</item>
/// </list>
/// Without them every test here is skipped. The host runs <c>microvm@</c> units of each behaviour (below), which tests
/// only look at, or leave running; what they start and stop often are units of their own, written here. By hand:
/// <code>
/// export BLIXARD_HOSTS_INSTANCE=mine
/// hosts/hosts up systemd 10.88.0.100 --vm idle1=idle --vm busy1=busy --vm failing1=failing --vm logging1=logging \
///   --vm notify1=notify --vm with-dash=idle --vm with.dot=idle --candidate spare1
/// BLIXARD_TEST_BUS=unix:path=$(hosts/hosts bus systemd) BLIXARD_TEST_JOURNAL=$(hosts/hosts journal systemd) \
///   BLIXARD_TEST_CGROUP=$(hosts/hosts cg systemd) dotnet run --project tests/Blixard.Systemd.Tests -c Release
/// hosts/hosts destroy
/// </code>
/// </summary>
public sealed class RealHost : IAsyncLifetime
{
    /// <summary>The pattern of units that sleep; for every test its own.</summary>
    public const string Trials = "blixard-trial@*.service";

    /// <summary>A unit whose start fails, with exit status 7.</summary>
    public const string Oneshot = "blixard-oneshot.service";

    public const string Idle = "microvm@idle1.service";
    public const string Busy = "microvm@busy1.service";
    public const string Failing = "microvm@failing1.service";
    public const string Logging = "microvm@logging1.service";
    public const string Notifying = "microvm@notify1.service";
    public const string WithDash = "microvm@with-dash.service";
    public const string WithDot = "microvm@with.dot.service";
    public const string Spare = "microvm@spare1.service";

    /// <summary>Far above what anything here takes; a test that waits for what never comes ends with it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly string? Bus = Environment.GetEnvironmentVariable("BLIXARD_TEST_BUS");
    private static readonly string? JournalDirectory = Environment.GetEnvironmentVariable("BLIXARD_TEST_JOURNAL");
    private static readonly string? Cgroup = Environment.GetEnvironmentVariable("BLIXARD_TEST_CGROUP");

    public static CgroupRoot CgroupRoot => new(Cgroup!);

    /// <summary>The host's PID 1 as this process sees it. D-Bus tells pids of the host's own namespace.</summary>
    private static int SystemdPid => int.Parse(
        File.ReadLines(Path.Combine(Cgroup!, "init.scope", "cgroup.procs")).First(), CultureInfo.InvariantCulture);

    private static bool IsHere =>
        !string.IsNullOrEmpty(Bus) && !string.IsNullOrEmpty(JournalDirectory) && !string.IsNullOrEmpty(Cgroup);

    /// <summary>Skips the test unless there is a host.</summary>
    public static void Require() => Assert.SkipUnless(
        IsHere,
        "needs a host with a real systemd (BLIXARD_TEST_BUS, _JOURNAL and _CGROUP, which make test sets)");

    public static string Trial(string name) => $"blixard-trial@{name}.service";

    /// <summary>A unit that is busy for a part of the time, and sleeps for the rest.</summary>
    public static string Duty(string name) => $"blixard-duty@{name}.service";

    /// <summary>A unit that writes one plain line and three errors, then sleeps.</summary>
    public static string Log(string name) => $"blixard-log@{name}.service";

    /// <summary>A unit that writes <see cref="FloodLines"/> lines at once, the last of them critical, then sleeps.</summary>
    public static string Flood(string name) => $"blixard-flood@{name}.service";

    /// <summary>More than a follower holds for a reader, fewer than would hold up other tests.</summary>
    public const int FloodLines = 6000;

    public static SystemdConnection Connect() =>
        new(new() { Address = BusAddress.Parse(Bus!) }, TimeProvider.System);

    public static ErrorTail OpenErrors() => ErrorTail.Open(JournalDirectory!, "blixard-");

    public static JournalReader OpenJournal() => JournalReader.OpenDirectory(JournalDirectory!);

    public async ValueTask InitializeAsync()
    {
        if (!IsHere)
        {
            return;
        }

        WriteUnit("blixard-trial@.service", Service("exec sleep infinity"));
        WriteUnit("blixard-duty@.service", Service(
            "while :; do n=0; while [ $$n -lt 20000 ]; do n=$$((n+1)); done; sleep 0.07; done"));
        WriteUnit("blixard-log@.service", Service(
            "echo booting; for n in 1 2 3; do echo \"<3>I/O error, sector $$n\"; done; exec sleep infinity"));
        WriteUnit("blixard-flood@.service", Service(
            $"n=1; while [ $$n -lt {FloodLines} ]; do echo \"<5>line $$n\"; n=$$((n+1)); done; echo \"<2>last\"; "
                + "exec sleep infinity") + "LogRateLimitIntervalSec=0\n");
        WriteUnit("blixard-oneshot.service", Service("exit 7") + "Type=oneshot\n");
        await using var connection = Connect();
        await connection.Units.ReloadAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (!IsHere)
        {
            return;
        }

        await using var connection = Connect();
        var mine = await connection.Units.ListUnitsByPatternsAsync(["blixard-*@*.service"], CancellationToken.None);
        foreach (var unit in mine)
        {
            await connection.Units.StopAsync(unit.Name, Patience, CancellationToken.None);
        }

        DeleteUnit("blixard-trial@.service");
        DeleteUnit("blixard-duty@.service");
        DeleteUnit("blixard-log@.service");
        DeleteUnit("blixard-flood@.service");
        DeleteUnit("blixard-oneshot.service");
        await connection.Units.ReloadAsync(CancellationToken.None);
    }

    /// <summary>Without a start limit: tests start faster than people do.</summary>
    private static string Service(string script) =>
        $"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c '{script}'\n";

    // A unit file of the host, until its next boot; systemd sees it after a reload.
    private static void WriteUnit(string name, string content) => File.WriteAllText(UnitFile(name), content);

    private static void DeleteUnit(string name) => File.Delete(UnitFile(name));

    private static string UnitFile(string name) => $"/proc/{SystemdPid}/root/run/systemd/system/{name}";
}

/// <summary>They share the host: one test at a time.</summary>
[CollectionDefinition(nameof(RealHost), DisableParallelization = true)]
public sealed class RealHostTests : ICollectionFixture<RealHost>;
