using System.Collections.Immutable;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent;

/// <summary>
/// Tells the cluster what this host sees. One report is under way at a time; what changes meanwhile is in the next
/// one. A report that fails is made anew from what is true then, with a higher number, so that nothing old can
/// overwrite something new.
/// </summary>
internal sealed partial class UnitReporter(
    Live<AgentSettings> live,
    AgentViewStore views,
    IProposals proposals,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<UnitReporter> logger)
{
    // Registrations of one round that are under way together.
    private const int MaxRegistrations = 64;

    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(5);

    private readonly ReportedState _reported = new(live.Value.DeadBand);
    private readonly UpdateBudget _budget = new(live.Value.UpdateBurst, live.Value.UpdateInterval, time);
    private readonly Pulse _wake = new();

    // Registrations that were refused: asked again when what was refused, or why, has changed.
    private readonly Dictionary<string, Refusal> _refused = new(StringComparer.Ordinal);
    private ulong _lastSequence;
    private bool _toldAll;
    private TimeSpan _backoff = MinBackoff;

    private AgentSettings Settings => live.Value;

    /// <summary>The view has changed. Any thread.</summary>
    public void Wake() => _wake.Fire();

    /// <summary>A full list was taken: registrations that were refused are worth another try.</summary>
    public void RetryRefused()
    {
        lock (_refused)
        {
            _refused.Clear();
        }

        Wake();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var following = live.Follow(Wake);
        var lastWord = time.GetTimestamp();
        // There may be something to say already.
        var wake = Task.CompletedTask;
        while (true)
        {
            var left = Settings.KeepAliveInterval - time.GetElapsedTime(lastWord);
            var held = _budget.Wait;
            var wait = held is { } sooner && sooner < left ? sooner : left;
            var woken = wake.IsCompleted
                || (wait > TimeSpan.Zero && await WaitAsync(wake, wait, cancellationToken))
                || wait == held;

            // Before the view is looked at: what changes from here on is for the next round.
            wake = _wake.Next;
            try
            {
                var said = await ReportAsync(keepAlive: !woken, cancellationToken);
                if (said || !woken)
                {
                    lastWord = time.GetTimestamp();
                }

                _backoff = MinBackoff;
            }
            catch (Exception e) when (e is NoLeaderException or OverloadedException or OutcomeUnknownException)
            {
                await BackOffAsync(e.Message, cancellationToken);
            }
            catch (ReportRejectedException e)
            {
                // What the cluster knows of this host is not what we thought: tell it everything.
                _reported.RequireComplete();
                await BackOffAsync(e.Message, cancellationToken);
            }
        }
    }

    private async Task BackOffAsync(string reason, CancellationToken cancellationToken)
    {
        metrics.ReportFailed();
        LogReportFailed(Settings.Node, reason, _backoff.TotalSeconds);
        await Task.Delay(_backoff, time, cancellationToken);
        _backoff = _backoff * 2 < MaxBackoff ? _backoff * 2 : MaxBackoff;
        Wake();
    }

    /// <summary>True if something was reported and applied.</summary>
    private async Task<bool> ReportAsync(bool keepAlive, CancellationToken cancellationToken)
    {
        (_reported.DeadBand, _budget.Burst, _budget.Interval) =
            (Settings.DeadBand, Settings.UpdateBurst, Settings.UpdateInterval);
        var seen = views.Current;
        if (!seen.Listed || !IsRegistered())
        {
            return false;
        }

        var full = TellsAll(proposals.State);
        if (full != _toldAll)
        {
            _toldAll = full;
            _reported.RequireComplete();
        }

        // What is not known to be true is not confirmed: the cluster sees by the silence that it is not. While the
        // system's manager is away there is only the VMs of users to speak of.
        var seesAll = seen.StaleSince is null;
        var view = Tellable(seen, full);
        await RegisterMissingAsync(view, cancellationToken);
        if (seesAll && (_reported.HasGone(view) || AwaitsReport(proposals.State)))
        {
            _reported.RequireComplete();
        }

        var complete = seesAll && _reported.NeedsComplete;
        var due = _reported.Due(view, complete);
        _budget.Begin();
        _budget.Keep(seen);
        if (!complete)
        {
            due = due.RemoveAll(vm => IsRefused(vm) || IsHeldBack(vm));
        }

        if (due.IsEmpty && !complete)
        {
            return keepAlive && seesAll && _reported.Sequence != 0 && await KeepAliveAsync(cancellationToken);
        }

        var sequence = NextSequence();
        var body = new UpdateState
        {
            Node = Settings.Node,
            BootId = Settings.BootId,
            ObservationSeq = sequence,
            Complete = complete,
        };
        foreach (var vm in due)
        {
            body.Vms.Add(ObservationReport.Of(vm, full, live.Value.ServiceStateMessage));
        }

        var applied = await ProposeAsync(body, cancellationToken);
        _reported.Acknowledged(sequence, due, Refused(applied), complete);
        foreach (var vm in due)
        {
            _budget.Spend(vm.Name);
        }

        return true;
    }

    /// <summary>
    /// Without the system's VMs while its manager is away, and without those that can't be seen where there is no word
    /// for that yet: nothing false is told of them.
    /// </summary>
    private static AgentView Tellable(AgentView view, bool full) =>
        view.StaleSince is null && (full || view.Vms.Values.All(vm => !vm.Unseen)) ? view : view with
        {
            Vms = view.Vms.RemoveRange(view.Vms.Values
                .Where(vm => (view.StaleSince is not null && vm.Bus == AgentBus.SystemName) || (vm.Unseen && !full))
                .Select(vm => vm.Name)),
        };

    private static bool TellsAll(ClusterState state) => state.ClusterVersion >= CommandVersions.FullObservations;

    private async Task<bool> KeepAliveAsync(CancellationToken cancellationToken)
    {
        var body = new UpdateState
        {
            Node = Settings.Node,
            BootId = Settings.BootId,
            UnchangedSince = _reported.Sequence,
        };
        await ProposeAsync(body, cancellationToken);
        return true;
    }

    private async Task<Applied> ProposeAsync(UpdateState body, CancellationToken cancellationToken)
    {
        var result = await proposals.ProposeAsync(new() { UpdateState = body }, cancellationToken);
        if (result is Rejected rejected)
        {
            throw new ReportRejectedException(rejected.Detail);
        }

        metrics.Reported();
        return (Applied)result;
    }

    /// <summary>
    /// Makes known what the cluster has no record of: the same VM on another host is not the same candidate.
    /// </summary>
    private async Task RegisterMissingAsync(AgentView view, CancellationToken cancellationToken)
    {
        var state = proposals.State;
        var missing = view.Vms.Values.Where(vm => IsMissing(state, vm)).ToArray();
        foreach (var batch in missing.Chunk(MaxRegistrations))
        {
            await Task.WhenAll(batch.Select(vm => RegisterAsync(state, vm, cancellationToken)));
        }
    }

    private bool IsMissing(ClusterState state, AgentVm vm)
    {
        if (state.Vms.TryGetValue(vm.Name, out var known) && known.Observations.ContainsKey(Settings.Node))
        {
            return false;
        }

        return !IsRefused(vm);
    }

    private bool IsHeldBack(AgentVm vm)
    {
        var allowed = _budget.Allows(vm, out var isNew);
        if (isNew)
        {
            metrics.HeldBack();
        }

        return !allowed;
    }

    private bool IsRefused(AgentVm vm)
    {
        lock (_refused)
        {
            return _refused.TryGetValue(vm.Name, out var refusal)
                && refusal.State == vm.State
                && !IsOver(refusal, vm.Name, proposals.State);
        }
    }

    /// <summary>It ran on another node, which runs it no more: this one's unit is the VM now.</summary>
    private bool IsOver(Refusal refusal, string vm, ClusterState state) =>
        refusal.RanElsewhere
        && state.Vms.TryGetValue(vm, out var known)
        && known.RunningOn.All(node => node == Settings.Node);

    private bool AnyIsOver(ClusterState state)
    {
        lock (_refused)
        {
            return _refused.Any(refused => IsOver(refused.Value, refused.Key, state));
        }
    }

    private async Task RegisterAsync(ClusterState state, AgentVm vm, CancellationToken cancellationToken)
    {
        if (state.Vms.ContainsKey(vm.Name))
        {
            LogCandidate(vm.Name, Settings.Node);
        }
        else
        {
            LogUnregistered(vm.Name, vm.Unit, Settings.Node);
        }

        var body = new RegisterVM
        {
            Vm = vm.Name,
            Uuid = Guid.NewGuid().ToString(),
            Node = Settings.Node,
            Unit = vm.Unit,
            UserService = vm.Scope == Systemd.MicroVms.UnitScope.User,
            State = ObservationReport.StateOf(vm.State),
            SubState = vm.SubState,
        };
        var rejected = await proposals.ProposeAsync(new() { RegisterVm = body }, cancellationToken) as Rejected;
        lock (_refused)
        {
            _refused.Remove(vm.Name);
            if (rejected is not null)
            {
                _refused.Add(vm.Name, new(vm.State, rejected.Reason == RejectionReason.RunningElsewhere));
            }
        }

        if (rejected is not null)
        {
            LogRegistrationRefused(vm.Name, Settings.Node, rejected.Detail);
        }
    }

    private HashSet<string> Refused(Applied applied)
    {
        var refused = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in applied.Refused)
        {
            refused.Add(item.Vm);
            lock (_refused)
            {
                // One that was refused as a candidate is refused here too, and has been told of.
                if (!_refused.ContainsKey(item.Vm))
                {
                    LogVmRefused(item.Vm, Settings.Node, item.Detail);
                }
            }
        }

        return refused;
    }

    /// <summary>
    /// Wakes the reporter when the cluster begins to wait for this host's word: it has just been registered, or was
    /// taken for lost and is taken back, or may be told more than before, or told of a VM that was refused.
    /// </summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        var waited = (Waits: false, ForAll: false, ForRefused: false);
        while (true)
        {
            var next = proposals.NextState;
            var state = proposals.State;
            var waits = (!IsRegistered() || AwaitsReport(state), TellsAll(state), AnyIsOver(state));
            if (waits != waited)
            {
                waited = waits;
                Wake();
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private bool AwaitsReport(ClusterState state) =>
        state.Nodes.TryGetValue(Settings.Node, out var node)
        && node is { AwaitsReport: true, Status: not NodeStatus.Lost };

    /// <summary>
    /// A report of a node that the cluster does not know would be refused: its registration comes first.
    /// </summary>
    private bool IsRegistered() => proposals.State.Nodes.ContainsKey(Settings.Node);

    /// <summary>
    /// Grows within a boot of the host, over restarts of this daemon too, because it is never below the clock that
    /// counts from the boot.
    /// </summary>
    private ulong NextSequence()
    {
        var microseconds = (ulong)(time.GetTimestamp() / (time.TimestampFrequency / 1_000_000.0));
        if (proposals.State.Nodes.TryGetValue(Settings.Node, out var known) && known.BootId == Settings.BootId)
        {
            _lastSequence = Math.Max(_lastSequence, known.ObservationSequence);
        }

        _lastSequence = Math.Max(_lastSequence + 1, microseconds);
        return _lastSequence;
    }

    private async Task<bool> WaitAsync(Task wake, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await wake.WaitAsync(atMost, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "VM {Vm} ({Unit}) was found on {Node} and is not registered: registering it")]
    private partial void LogUnregistered(string vm, string unit, string node);

    [LoggerMessage(LogLevel.Information, "VM {Vm} is defined on {Node} too: registering it as a candidate")]
    private partial void LogCandidate(string vm, string node);

    [LoggerMessage(LogLevel.Error, "VM {Vm} on {Node} is not registered: {Reason}")]
    private partial void LogRegistrationRefused(string vm, string node, string reason);

    [LoggerMessage(LogLevel.Warning, "The report of VM {Vm} on {Node} was passed over: {Reason}")]
    private partial void LogVmRefused(string vm, string node, string reason);

    [LoggerMessage(LogLevel.Warning, "The report of {Node} did not get through: {Reason} Trying again in {Seconds} s")]
    private partial void LogReportFailed(string node, string reason, double seconds);

    /// <param name="State">In which the VM was here.</param>
    /// <param name="RanElsewhere">Refused because another node ran it.</param>
    private readonly record struct Refusal(Systemd.MicroVms.VmState State, bool RanElsewhere);

    private sealed class ReportRejectedException(string message) : Exception(message);
}
