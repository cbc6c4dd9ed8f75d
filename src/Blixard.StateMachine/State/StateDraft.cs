using System.Collections.Immutable;
using System.Diagnostics;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// A state that is being worked on: the entries of a run are applied to one copy, whose trees are changed in place where
/// they are its own, and <see cref="Finish"/> makes an immutable state of it. What a run gives is what its entries give
/// one by one. Used by one loop, for one run; of no use after an exception.
/// </summary>
public sealed class StateDraft
{
    private readonly List<ApplyOutcome> _outcomes = [];
    private readonly SortedList<string, string> _annotatedBy = new(StringComparer.Ordinal);

    // The state as a value, as long as nothing was changed since it was made.
    private ClusterState? _frozen;
    private ClusterState _last;

    public StateDraft(ClusterState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        (_frozen, _last) = (state, state);
        (Index, Term) = (state.Index, state.Term);
        Nodes = state.Nodes.ToBuilder();
        Vms = state.Vms.ToBuilder();
        Sessions = new SessionDraft(state.Sessions);
        (Membership, ClusterVersion, LogTime) = (state.Membership, state.ClusterVersion, state.LogTime);
        (IdempotencyKeys, Terms, ClusterId) = (state.IdempotencyKeys, state.Terms, state.ClusterId);
        PlacementSettings = state.PlacementSettings;
        Hash = state.Hash - state.Sessions.Hash;
    }

    /// <summary>The last entry that was applied or skipped.</summary>
    public ulong Index { get; private set; }

    /// <summary>The term of that entry.</summary>
    public ulong Term { get; private set; }

    internal ImmutableSortedDictionary<string, ClusterNode>.Builder Nodes { get; }

    internal ImmutableSortedDictionary<string, Vm>.Builder Vms { get; }

    internal SessionDraft Sessions { get; }

    internal IdempotencyTable IdempotencyKeys { get; set; }

    internal Membership Membership { get; set; }

    internal uint ClusterVersion { get; set; }

    internal long LogTime { get; set; }

    internal LeaseTerms Terms { get; set; }

    internal ulong ClusterId { get; set; }

    internal PlacementSettings PlacementSettings { get; set; }

    /// <summary>Of everything but the sessions.</summary>
    internal ulong Hash { get; set; }

    internal ClusterSettings Settings => _last.Settings;

    /// <summary>Applies the next entry. Pure, as <see cref="ClusterState.Apply(CommittedCommand)"/>.</summary>
    /// <exception cref="UndecodableCommandException">The node must stop.</exception>
    public void Apply(CommittedCommand entry) => Apply(entry.Index, entry.Term, CommandCodec.Decode(entry));

    /// <inheritdoc cref="Apply(CommittedCommand)"/>
    public void Apply(ulong index, ulong term, Command command)
    {
        Skip(index, term);
        if (CommandValidator.CheckEnvelope(command) is { } malformed)
        {
            Answer(command, malformed, [], duplicate: false);
        }
        else if (Sessions.Answer(command, Settings, out var duplicate) is { } known)
        {
            Answer(command, known, [], duplicate);
        }
        else
        {
            var edit = new StateEdit(this, command);
            var result = Judge(edit)
                ?? (command.IdempotencyKey.Length == 0 ? Dispatch(edit) : ApplyKeyed.Once(edit, Dispatch));
            Answer(command, result, edit.Finish(result), edit.Duplicate);
        }
    }

    /// <summary>An entry that the engine keeps for itself: a no-op or a configuration.</summary>
    public void Skip(ulong index, ulong term)
    {
        if (index <= Index)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"Entries up to {Index} are applied already.");
        }

        (Index, Term, _frozen) = (index, term, null);
    }

    /// <summary>The state after all that was applied, and what each command came to. Once.</summary>
    public AppliedRun Finish()
    {
        var state = Freeze();
        foreach (var outcome in _outcomes)
        {
            outcome.State = state;
        }

        return new AppliedRun(state, _outcomes);
    }

    /// <summary>The state as it is now, as a value. The trees are shared with it: the next change copies its path.</summary>
    internal ClusterState Freeze() => _last = _frozen ??= Frozen();

    /// <summary>The state is no longer what it was when it was last made a value.</summary>
    internal void Touch() => _frozen = null;

    /// <summary>The reason of an annotation; one text for all of a run, for the changes are kept.</summary>
    internal string AnnotatedBy(string actor)
    {
        if (!_annotatedBy.TryGetValue(actor, out var reason))
        {
            reason = $"annotated by {actor}";
            _annotatedBy.Add(actor, reason);
        }

        return reason;
    }

    private ClusterState Frozen()
    {
        var sessions = Sessions.Freeze();
        return _last with
        {
            Index = Index,
            Term = Term,
            Nodes = Nodes.ToImmutable(),
            Vms = Vms.ToImmutable(),
            Sessions = sessions,
            IdempotencyKeys = IdempotencyKeys,
            Membership = Membership,
            ClusterVersion = ClusterVersion,
            LogTime = LogTime,
            Terms = Terms,
            ClusterId = ClusterId,
            PlacementSettings = PlacementSettings,
            Hash = Hash + sessions.Hash,
        };
    }

    private void Answer(Command command, CommandResult result, ImmutableArray<Change> changes, bool duplicate) =>
        _outcomes.Add(new ApplyOutcome(result, changes, command.ClientId, command.Sequence)
        {
            Nonce = command.OpenSession?.Nonce ?? 0,
            Duplicate = duplicate,
        });

    /// <summary>What would be wrong whatever the state is.</summary>
    private static Rejected? Judge(StateEdit edit)
    {
        var decided = edit.Command.DecidedTerm;
        return decided != 0 && decided != edit.Term
            ? new Rejected(
                RejectionReason.TermChanged, $"decided by the leader of term {decided}, committed in term {edit.Term}")
            : CommandValidator.CheckBody(edit.Command);
    }

    private static CommandResult Dispatch(StateEdit edit) => edit.Command.BodyCase switch
    {
        Command.BodyOneofCase.RegisterVm => ApplyVm.Register(edit, edit.Command.RegisterVm),
        Command.BodyOneofCase.RemoveVm => ApplyVm.Remove(edit, edit.Command.RemoveVm),
        Command.BodyOneofCase.SetAnnotation => ApplyVm.Annotate(edit, edit.Command.SetAnnotation),
        Command.BodyOneofCase.UpdateState => ApplyObservations.Update(edit, edit.Command.UpdateState),
        Command.BodyOneofCase.ForgetObservation => ApplyObservations.Forget(edit, edit.Command.ForgetObservation),
        Command.BodyOneofCase.UpdateHealth => ApplyHealth.Update(edit, edit.Command.UpdateHealth),
        Command.BodyOneofCase.UpdateMonitoringAssignments =>
            ApplyHealth.Assign(edit, edit.Command.UpdateMonitoringAssignments),
        Command.BodyOneofCase.SetHealthPolicy => ApplyHealth.SetPolicy(edit, edit.Command.SetHealthPolicy),
        Command.BodyOneofCase.RegisterNode => ApplyNode.Register(edit, edit.Command.RegisterNode),
        Command.BodyOneofCase.UpdateNode => ApplyNode.Update(edit, edit.Command.UpdateNode),
        Command.BodyOneofCase.ChangeMembership => ApplyMembership.Ask(edit, edit.Command.ChangeMembership),
        Command.BodyOneofCase.SettleMembershipChange =>
            ApplyMembership.Settle(edit, edit.Command.SettleMembershipChange),
        Command.BodyOneofCase.CancelMembershipChange =>
            ApplyMembership.Cancel(edit, edit.Command.CancelMembershipChange),
        Command.BodyOneofCase.DrainNode => ApplyDrain.Drain(edit, edit.Command.DrainNode),
        Command.BodyOneofCase.UndrainNode => ApplyDrain.Undrain(edit, edit.Command.UndrainNode),
        Command.BodyOneofCase.SuspectNode => ApplyLease.Suspect(edit, edit.Command.SuspectNode),
        Command.BodyOneofCase.ClearSuspect => ApplyLease.Clear(edit, edit.Command.ClearSuspect),
        Command.BodyOneofCase.FenceNode => ApplyLease.Fence(edit, edit.Command.FenceNode),
        Command.BodyOneofCase.RejoinNode => ApplyLease.Rejoin(edit, edit.Command.RejoinNode),
        Command.BodyOneofCase.ConfirmNodeDead => ApplyLease.ConfirmDead(edit, edit.Command.ConfirmNodeDead),
        Command.BodyOneofCase.AdoptCluster => ApplyLease.Adopt(edit, edit.Command.AdoptCluster),
        Command.BodyOneofCase.ManageVm => ApplyManagement.Manage(edit, edit.Command.ManageVm),
        Command.BodyOneofCase.UnmanageVm => ApplyManagement.Unmanage(edit, edit.Command.UnmanageVm),
        Command.BodyOneofCase.SetDesiredState => ApplyManagement.Want(edit, edit.Command.SetDesiredState),
        Command.BodyOneofCase.AssignVm => ApplyPlacement.Assign(edit, edit.Command.AssignVm),
        Command.BodyOneofCase.GateInstalled => ApplyGate.Installed(edit, edit.Command.GateInstalled),
        Command.BodyOneofCase.ReportGated => ApplyGate.Gated(edit, edit.Command.ReportGated),
        Command.BodyOneofCase.ReportStopped => ApplyPlacement.Stopped(edit, edit.Command.ReportStopped),
        Command.BodyOneofCase.BeginOperation => ApplyOperation.Begin(edit, edit.Command.BeginOperation),
        Command.BodyOneofCase.SettleOperation => ApplyOperation.Settle(edit, edit.Command.SettleOperation),
        Command.BodyOneofCase.SetSettings => ApplyTerm.Set(edit, edit.Command.SetSettings),
        Command.BodyOneofCase.SetTerm => ApplyTerm.Set(edit, edit.Command.SetTerm),
        Command.BodyOneofCase.LowerMaxTerm => ApplyTerm.Lower(edit, edit.Command.LowerMaxTerm),
        Command.BodyOneofCase.OpenSession => ApplySession.Open(edit, edit.Command.OpenSession),
        Command.BodyOneofCase.SetClusterVersion => ApplyCluster.Raise(edit, edit.Command.SetClusterVersion),
        Command.BodyOneofCase.AdvanceTime => ApplyCluster.Advance(edit, edit.Command.AdvanceTime),
        _ => throw new UnreachableException($"The codec let {edit.Command.BodyCase} pass at index {edit.Index}."),
    };
}
