using Blixard.Node.Agent;
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
    private readonly AgentLoop _loop;
    private readonly UnitReporter _reporter;
    private Task _running = Task.CompletedTask;

    public AgentBench(FakeCluster? cluster = null)
    {
        Cluster = cluster ?? new FakeCluster("n1");
        var settings = new AgentSettings { Node = "n1", BootId = "boot-of-n1" };
        _reporter = new(settings, Views, Cluster, _metrics, Time, NullLogger<UnitReporter>.Instance);
        _loop = new(
            settings,
            Systemd,
            new(Systemd, new MicroVmDirectory(_directory.FullName), NullLogger<UnitInventory>.Instance),
            Sampler,
            Views,
            _reporter,
            Journal = new(Time),
            _metrics,
            Time,
            NullLogger<AgentLoop>.Instance);
    }

    public FakeTime Time { get; } = new();

    public FakeSystemd Systemd { get; } = new();

    public FakeSampler Sampler { get; } = new();

    public FakeCluster Cluster { get; }

    public AgentViewStore Views { get; } = new();

    public AgentJournal Journal { get; }

    public void LayOut(string vm) => _directory.CreateSubdirectory(Path.Combine(vm, "current"));

    public void TakeAway(string vm) => Directory.Delete(Path.Combine(_directory.FullName, vm), recursive: true);

    public void Start() => _running = Task.WhenAll(
        _loop.RunAsync(_stop.Token), _reporter.RunAsync(_stop.Token), _reporter.FollowAsync(_stop.Token));

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
