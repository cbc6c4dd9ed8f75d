using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Runs the scripts that policies name for the VMs that run on this host, each in its own interval, a few at a time.
/// </summary>
internal sealed class ScriptRunner(
    Script script, AgentViewStore views, IProposals cluster, ScriptResults results, TimeProvider time)
{
    private const int MaxTogether = 8;

    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string Vm, string Probe), Due> _due = [];
    private ClusterState? _state;
    private ImmutableArray<Vm> _scripted = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new List<Task>();
        using var room = new SemaphoreSlim(MaxTogether);
        try
        {
            using var timer = new PeriodicTimer(Tick, time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var failed in running.Where(task => task.IsFaulted))
                {
                    await failed;
                }

                running.RemoveAll(task => task.IsCompleted);
                running.AddRange(Begin(room, cancellationToken));
            }
        }
        finally
        {
            await Task.WhenAll(running)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private List<Task> Begin(SemaphoreSlim room, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        var state = cluster.State;
        var wanted = new HashSet<(string Vm, string Probe)>();
        var begun = new List<Task>();
        if (!ReferenceEquals(state, _state))
        {
            (_state, _scripted) = (state, [.. state.Vms.Values.Where(IsScripted)]);
        }

        foreach (var known in _scripted)
        {
            if (views.Current.Vms.GetValueOrDefault(known.Name) is not { State: VmState.Running, Unseen: false } vm)
            {
                continue;
            }

            foreach (var probe in known.HealthPolicy!.Probes.Values.Where(probe => probe.Kind == ProbeKind.Script))
            {
                var key = (vm.Name, probe.Name);
                wanted.Add(key);
                if (!_due.TryGetValue(key, out var due) || due.Probe != probe)
                {
                    _due[key] = due = new(probe, results.Last(vm.Name, probe.Name));
                }

                if (!due.Running && (due.BegunAt is not { } begunAt
                    || time.GetElapsedTime(begunAt, now) >= TimeSpan.FromSeconds(probe.IntervalSeconds)))
                {
                    (due.Running, due.BegunAt) = (true, now);
                    begun.Add(RunAsync(vm.Name, due, room, cancellationToken));
                }
            }
        }

        foreach (var gone in _due.Keys.Where(key => !wanted.Contains(key)).ToArray())
        {
            _due.Remove(gone);
            results.Remove(gone.Vm, gone.Probe);
        }

        return begun;
    }

    private static bool IsScripted(Vm vm) =>
        vm.HealthPolicy is { } policy && policy.Probes.Values.Any(probe => probe.Kind == ProbeKind.Script);

    private async Task RunAsync(string vm, Due due, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        var probe = due.Probe;
        await room.WaitAsync(cancellationToken);
        try
        {
            var outcome = await script.RunAsync(
                probe.Target, vm, TimeSpan.FromMilliseconds(probe.TimeoutMilliseconds), cancellationToken);
            var passes = due.Result.Take(outcome.Passed);

            // While it has not turned, what turned it last is what holds.
            if (passes == outcome.Passed || due.Message.Length == 0)
            {
                due.Message = outcome.Message;
            }

            results.Put(vm, new(probe.Name, passes, due.Message));
        }
        finally
        {
            due.Running = false;
            room.Release();
        }
    }

    /// <param name="before">What holds until it turns; null: nothing was found yet.</param>
    private sealed class Due(Probe probe, HostCheck? before)
    {
        public Probe Probe { get; } = probe;

        public InARow Result { get; } =
            new((int)probe.Failures, (int)probe.Successes, passes: before?.Passed ?? true);

        public long? BegunAt { get; set; }

        public bool Running { get; set; }

        public string Message { get; set; } = before?.Message ?? "";
    }
}
