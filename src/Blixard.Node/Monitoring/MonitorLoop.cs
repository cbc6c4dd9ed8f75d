using System.Collections.Immutable;
using System.Threading.Channels;
using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Monitoring;

/// <summary>
/// Judges from outside the VMs that the leader assigned to this node: probes them as their policies say, looks whether
/// their hosts still speak of them, and proposes what it found where that differs from what the cluster has. One loop
/// owns the watches; tries and proposals run beside it and hand it their results.
/// </summary>
internal sealed partial class MonitorLoop(
    MonitorSettings settings,
    IProposals cluster,
    IProber prober,
    TimeProvider time,
    ILogger<MonitorLoop> logger)
{
    /// <summary>Of its checks in <see cref="Vm.Health"/>.</summary>
    public const string Source = "monitor";

    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private const int MaxProposals = 16;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, VmWatch> _watches = new(StringComparer.Ordinal);
    private readonly NodeFreshness _freshness = new(settings.FactsFresh, time);
    private readonly Channel<Action> _results = Channel.CreateUnbounded<Action>(new() { SingleReader = true });
    private ClusterState? _state;
    private int _proposals;
    private int _probes;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var under = new HashSet<Task>();
        try
        {
            using var timer = new PeriodicTimer(Tick, time);
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                TakeResults();
                foreach (var failed in under.Where(task => task.IsFaulted))
                {
                    await failed;
                }

                under.RemoveWhere(task => task.IsCompleted);
                under.UnionWith(Look(stop.Token));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(under)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>What tries and proposals have come to. Called by the loop alone.</summary>
    internal void TakeResults()
    {
        while (_results.Reader.TryRead(out var take))
        {
            take();
        }
    }

    /// <summary>One round. Called by the loop alone.</summary>
    /// <returns>What it has begun.</returns>
    internal List<Task> Look(CancellationToken cancellationToken)
    {
        var begun = new List<Task>();
        if (!cluster.HasLeader)
        {
            // What this node does not hear is its own trouble, and nobody would take its word.
            _freshness.Forget();
            _state = null;
            return begun;
        }

        var state = cluster.State;
        if (!ReferenceEquals(state, _state))
        {
            _state = state;
            _freshness.See(state);
            Assign(state);
        }

        var heard = _freshness.Turned();
        foreach (var watch in _watches.Values)
        {
            if (watch.HasProbes && watch.State.State == VmState.Running)
            {
                foreach (var probe in _probes < settings.MaxProbes ? watch.Due() : [])
                {
                    _probes++;
                    begun.Add(TryAsync(watch, probe, cancellationToken));
                }
            }

            if (heard || watch.HasNews)
            {
                Tell(watch, begun, cancellationToken);
            }
        }

        return begun;
    }

    /// <summary>A watch for each VM that is this node's to judge, and no other.</summary>
    private void Assign(ClusterState state)
    {
        foreach (var vm in state.Vms.Values)
        {
            if (vm.Monitor != settings.Node || vm.State == VmState.Unknown)
            {
                _watches.Remove(vm.Name);
            }
            else if (!_watches.TryGetValue(vm.Name, out var watch))
            {
                _watches.Add(vm.Name, new(vm, time, settings.Random));
            }
            else if (!ReferenceEquals(watch.State, vm))
            {
                watch.Follow(vm);
            }
        }

        if (_watches.Count > 0)
        {
            foreach (var gone in _watches.Keys.Where(name => !state.Vms.ContainsKey(name)).ToArray())
            {
                _watches.Remove(gone);
            }
        }
    }

    /// <summary>Proposes what was found where the cluster has something else.</summary>
    private void Tell(VmWatch watch, List<Task> begun, CancellationToken cancellationToken)
    {
        if (watch.Proposing || time.GetTimestamp() < watch.NotBefore || _proposals >= MaxProposals)
        {
            watch.HasNews = true;
            return;
        }

        // Of one at rest there is nothing to see, and what was seen is over.
        var checks = watch.IsAtWork && watch.State.Location is { } host
            ? watch.Checks(host, _freshness.IsFresh(host), settings.FactsFresh)
            : [];
        watch.HasNews = Differs(watch.State.Health.GetValueOrDefault(Source), checks);
        if (watch.HasNews)
        {
            _proposals++;
            watch.Proposing = true;
            begun.Add(ProposeAsync(watch, checks, cancellationToken));
        }
    }

    private bool Differs(Health? found, ImmutableArray<CheckResult> checks) => found is null
        ? checks.Length > 0
        : (checks.Length > 0 && found.Node != settings.Node)
            || found.Checks.Count != checks.Length
            || checks.Any(check => !found.Checks.TryGetValue(check.Name, out var known)
                || known.Passed != check.Passed
                || known.Message != check.Message);

    private async Task TryAsync(VmWatch watch, Probe probe, CancellationToken cancellationToken)
    {
        // Beside the loop from the first step on: looking up a name may block.
        await Task.Yield();
        var outcome = await prober.TryAsync(probe, cancellationToken);
        _results.Writer.TryWrite(() =>
        {
            _probes--;
            watch.Take(probe, outcome);
        });
    }

    private async Task ProposeAsync(
        VmWatch watch, ImmutableArray<CheckResult> checks, CancellationToken cancellationToken)
    {
        var body = new UpdateHealth { Vm = watch.State.Name, Node = settings.Node, Source = Source };
        body.Checks.AddRange(checks);
        var failed = false;
        try
        {
            // A refusal says that the VM is gone, or another's to judge by now: the next state says so too.
            var result = await cluster.ProposeAsync(Command.Of(body), cancellationToken);
            failed = result is Rejected;
        }
        catch (Exception e) when (e is NoLeaderException or OverloadedException or OutcomeUnknownException)
        {
            failed = true;
            LogNotTold(watch.State.Name, e.Message);
        }

        _results.Writer.TryWrite(() =>
        {
            _proposals--;
            watch.Proposing = false;
            watch.NotBefore = failed
                ? time.GetTimestamp() + (long)(Retry.TotalSeconds * time.TimestampFrequency)
                : 0;
        });
    }

    [LoggerMessage(LogLevel.Warning, "What was found of VM {Vm} is not told yet: {Reason}")]
    private partial void LogNotTold(string vm, string reason);
}
