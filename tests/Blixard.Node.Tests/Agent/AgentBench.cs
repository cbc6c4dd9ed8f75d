using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Api;
using Blixard.Node.Options;
using Blixard.Systemd.MicroVms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Agent;

/// <summary>An agent on host n1 with a systemd, a cluster and a clock that the test holds in its hands.</summary>
internal sealed class AgentBench : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new(Limit);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("blixard-agent");
    private readonly AgentMetrics _metrics = new();
    private readonly AgentBuses _buses;
    private readonly AgentLoop _loop;
    private readonly UnitReporter _reporter;
    private Task _running = Task.CompletedTask;

    /// <param name="users">Users whose managers are watched too.</param>
    public AgentBench(FakeCluster? cluster = null, params IEnumerable<string> users)
    {
        Cluster = cluster ?? new FakeCluster("n1");
        Guests = new(Time);
        Users = users.ToDictionary(user => user, _ => new FakeSystemd(), StringComparer.Ordinal);
        var directory = new MicroVmDirectory(StateDirectory);
        var settings = Settings;
        _reporter = new(settings, Views, Cluster, _metrics, Time, NullLogger<UnitReporter>.Instance);
        _buses = new AgentBuses(
        [
            new(AgentBus.SystemName, UnitScope.System, Systemd, Systemd),
            .. Users.Select(user => new AgentBus(AgentBus.NameOf(user.Key), UnitScope.User, user.Value, user.Value)),
        ]);
        _loop = new(
            settings,
            _buses,
            new(directory, NullLogger<UnitInventory>.Instance),
            Sampler,
            new(Health, settings.Value, Cluster, Errors = new(new(_buses), Time), Scripts, Recoveries, Time),
            new(Guests, _metrics, Time, NullLogger<GuestQueries>.Instance, ProcRoot),
            directory,
            Views,
            _reporter,
            Journal = new(Time),
            _metrics,
            Time,
            NullLogger<AgentLoop>.Instance);
    }

    public Live<AgentSettings> Settings { get; } = new(new() { Node = "n1", BootId = "boot-of-n1" });

    public FakeTime Time { get; } = new();

    public FakeSystemd Systemd { get; } = new();

    /// <summary>By user: their own managers.</summary>
    public IReadOnlyDictionary<string, FakeSystemd> Users { get; }

    public HealthSettings Health { get; } = new();

    public ErrorLog Errors { get; }

    public ScriptResults Scripts { get; } = new();

    public RecoveryBook Recoveries { get; } = new();

    public FakeGuests Guests { get; }

    public FakeSampler Sampler { get; } = new();

    public FakeCluster Cluster { get; }

    public AgentViewStore Views { get; } = new();

    public AgentJournal Journal { get; }

    public string StateDirectory => Path.Combine(_directory.FullName, "microvms");

    public string ProcRoot => Path.Combine(_directory.FullName, "proc");

    public AgentReport Report() => new AgentFigures(Views, Journal, new(_buses), Errors).Report();

    /// <summary>A VM without anything of which it would be made.</summary>
    public void LayOut(string vm) => Directory.CreateDirectory(Path.Combine(StateDirectory, vm, "current"));

    public void TakeAway(string vm) => Directory.Delete(Path.Combine(StateDirectory, vm), recursive: true);

    /// <summary>Builds a runner, which <c>current</c> or <c>booted</c> of the VM leads to from now on.</summary>
    /// <returns>The runner's path.</returns>
    public string Link(string vm, string link, string runner, string hypervisor = "qemu")
    {
        var path = Path.Combine(_directory.FullName, "store", runner);
        Directory.CreateDirectory(Path.Combine(path, "share", "microvm"));
        File.WriteAllText(Path.Combine(path, "share", "microvm", "hypervisor"), hypervisor + "\n");
        var directory = Path.GetFullPath(Path.Combine(StateDirectory, vm));
        Directory.CreateDirectory(directory);
        File.Delete(Path.Combine(directory, link));
        File.CreateSymbolicLink(Path.Combine(directory, link), path);
        return path;
    }

    /// <summary>What a process was started with.</summary>
    public void CommandLine(int pid, params IEnumerable<string> arguments)
    {
        Directory.CreateDirectory(Path.Combine(ProcRoot, $"{pid}"));
        File.WriteAllText(Path.Combine(ProcRoot, $"{pid}", "cmdline"), string.Join('\0', arguments) + "\0");
    }

    public void Start() => _running = Task.WhenAll(
        _loop.RunAsync(_stop.Token), _reporter.RunAsync(_stop.Token), _reporter.FollowAsync(_stop.Token));

    public bool Turned() => _loop.Turned();

    public Task UntilAsync(Func<StateMachine.State.ClusterState, bool> holds) => Cluster.UntilAsync(holds, _stop.Token);

    /// <summary>
    /// Lets the loops come to rest between two steps of time, so that a timer that they are about to arm is armed.
    /// </summary>
    public async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            _stop.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // Stopped as asked.
        }

        _metrics.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }
}
