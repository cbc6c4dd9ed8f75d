using System.Collections.Immutable;
using System.Globalization;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Restarts VMs of this host that are not well, as their policies say. A restart is recorded in the replicated state
/// first and done after that: a daemon that is restarted, or a host that loses its power over it, counts on from there.
/// Nothing is done while this host's view is stale or its replica without a leader: what looks bad may long be well. A
/// VM at rest was stopped by somebody, and one that systemd starts anew by itself is left to it.
/// </summary>
internal sealed partial class RecoveryLoop(
    AgentSettings settings,
    AgentViewStore views,
    IProposals cluster,
    IRecoveryActions actions,
    RecoveryBook book,
    TimeProvider time,
    ILogger<RecoveryLoop> logger)
{
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private const int MaxReason = 200;

    private readonly Dictionary<string, Patient> _patients = new(StringComparer.Ordinal);
    private ClusterState? _state;

    // Of that state: the VMs of this host that are to be restarted where they are not well, or were.
    private ImmutableArray<Vm> _concerned = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var restarts = new List<Task>();
        try
        {
            using var timer = new PeriodicTimer(Tick, time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var failed in restarts.Where(task => task.IsFaulted))
                {
                    await failed;
                }

                restarts.RemoveAll(task => task.IsCompleted);
                Look(restarts, cancellationToken);
            }
        }
        finally
        {
            await Task.WhenAll(restarts)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>One round. Called by the loop alone.</summary>
    /// <param name="restarts">Takes those that are begun.</param>
    /// <param name="cancellationToken">Of the daemon.</param>
    internal void Look(List<Task> restarts, CancellationToken cancellationToken)
    {
        var (view, state) = (views.Current, cluster.State);
        if (!ReferenceEquals(state, _state))
        {
            (_state, _concerned) = (state, [.. state.Vms.Values.Where(IsConcerned)]);
            foreach (var gone in _patients.Keys.Except(_concerned.Select(vm => vm.Name)).ToArray())
            {
                _patients.Remove(gone);
                book.Remove(gone);
            }
        }

        var certain = cluster.HasLeader && view.StaleSince is null;
        foreach (var known in _concerned)
        {
            if (view.Vms.TryGetValue(known.Name, out var vm)
                && Look(vm, known, known.Observations[settings.Node], certain) is var (patient, begun))
            {
                restarts.Add(RestartAsync(vm, patient, begun, cancellationToken));
            }
        }
    }

    private bool IsConcerned(Vm vm) => vm.Observations.TryGetValue(settings.Node, out var reported)
        && (vm.HealthPolicy is { Recovery: not RecoveryAction.None } || reported.Recovery is not null);

    /// <summary>The restart that is to be done now; null: none.</summary>
    private (Patient Patient, RecoveryRecord Begun)? Look(AgentVm vm, Vm known, NodeObservation reported, bool certain)
    {
        if (!_patients.TryGetValue(vm.Name, out var patient))
        {
            _patients.Add(vm.Name, patient = new(time.GetTimestamp()));
        }

        var status = HealthVerdict.OnItsHost(known);
        patient.See(status, time.GetTimestamp());
        certain = certain && !vm.Unseen && !reported.Stale && !patient.Restarting && known.Location == settings.Node
            && IsOurs(vm) && reported.State == ObservationReport.StateOf(vm.State);
        if (!certain)
        {
            // A restart that was recorded and may no longer be right is counted and not done.
            patient.Begun = false;
            patient.Doubt(time.GetTimestamp());
        }

        if (book.Of(vm.Name) is { } decided)
        {
            // It must be replicated before it is done, and before anything else is decided.
            if (decided != (reported.Recovery ?? RecoveryRecord.Over))
            {
                return null;
            }

            book.Remove(vm.Name);
        }

        if (patient.Begun && reported.Recovery is { } begun)
        {
            // Unless the VM got well meanwhile, or somebody thought better of it.
            patient.Begun = false;
            return RecoveryDecision.IsBad(status) && known.HealthPolicy is { Recovery: RecoveryAction.Restart }
                ? (patient, begun)
                : null;
        }

        if (certain)
        {
            Decide(patient, known, reported.Recovery, status);
        }

        return null;
    }

    private void Decide(Patient patient, Vm vm, RecoveryRecord? record, HealthStatus status)
    {
        var lasts = time.GetElapsedTime(patient.Since);
        var policy = vm.HealthPolicy ?? VmHealthPolicy.None;
        switch (RecoveryDecision.Of(policy, record, status, lasts, time.GetUtcNow()))
        {
            case RecoveryStep.Begin:
                book.Put(vm.Name, RecoveryDecision.Begun(record, ReasonOf(vm, status, lasts), time.GetUtcNow()));
                patient.Begun = true;
                break;
            case RecoveryStep.GiveUp:
                book.Put(vm.Name, record! with { Exhausted = true, Next = 0 });
                LogGivenUp(vm.Name, record.Attempts);
                break;
            case RecoveryStep.Forget:
                book.Put(vm.Name, RecoveryRecord.Over);
                LogWell(vm.Name, record!.Attempts);
                break;
        }
    }

    /// <summary>
    /// It runs, or has failed and systemd leaves it so. A unit that somebody stopped is inactive; one that systemd is
    /// about to start again is activating (auto-restart).
    /// </summary>
    private static bool IsOurs(AgentVm vm) => vm.State is VmState.Running or VmState.Failed;

    private async Task RestartAsync(
        AgentVm vm, Patient patient, RecoveryRecord begun, CancellationToken cancellationToken)
    {
        patient.Restarting = true;
        LogRestart(vm.Name, vm.Unit, begun.Attempts, begun.Reason);
        try
        {
            await actions.RestartAsync(vm, cancellationToken);
        }
        catch (Exception e) when (e is SystemdUnavailableException or UnitNotFoundException or UnitOperationException
            or TimeoutException)
        {
            LogRestartFailed(vm.Name, vm.Unit, e.Message);
        }
        finally
        {
            patient.Restarting = false;
        }
    }

    private static string ReasonOf(Vm vm, HealthStatus status, TimeSpan lasts)
    {
        var failing = vm.Observations.Values.Where(seen => seen.Node == vm.Location)
            .SelectMany(seen => seen.Checks.Values)
            .Concat(vm.Health.Values.SelectMany(source => source.Checks.Values))
            .FirstOrDefault(check => !check.Passed && check.Name != HealthVerdict.Freshness);
        var why = failing is null ? "" : $", {failing.Name}: {failing.Message}";
        var reason = string.Create(
            CultureInfo.InvariantCulture, $"{status} for {lasts.TotalSeconds:0} s{why}");
        return HostHealth.Short(reason, MaxReason);
    }

    [LoggerMessage(LogLevel.Warning, "Restarting VM {Vm} ({Unit}), attempt {Attempt}: {Reason}")]
    private partial void LogRestart(string vm, string unit, uint attempt, string reason);

    [LoggerMessage(LogLevel.Error, "VM {Vm} ({Unit}) could not be restarted: {Reason}")]
    private partial void LogRestartFailed(string vm, string unit, string reason);

    [LoggerMessage(LogLevel.Error, "VM {Vm} is not well after {Attempts} restarts: giving up")]
    private partial void LogGivenUp(string vm, uint attempts);

    [LoggerMessage(LogLevel.Information, "VM {Vm} has been well for long after {Attempts} restarts")]
    private partial void LogWell(string vm, uint attempts);

    private sealed class Patient(long now)
    {
        private Condition _condition;

        /// <summary>Since when it has been as bad, or as well, as it is.</summary>
        public long Since { get; private set; } = now;

        /// <summary>A restart was decided on and is not done yet.</summary>
        public bool Begun { get; set; }

        public bool Restarting { get; set; }

        public void See(HealthStatus status, long now)
        {
            var condition = RecoveryDecision.IsBad(status) ? Condition.Bad
                : RecoveryDecision.IsWell(status) ? Condition.Well
                : Condition.NotKnown;
            if (condition != _condition)
            {
                (_condition, Since) = (condition, now);
            }
        }

        /// <summary>What is seen may not be so: only what is seen from now on counts.</summary>
        public void Doubt(long now) => Since = now;
    }

    private enum Condition
    {
        NotKnown,
        Well,
        Bad,
    }
}
