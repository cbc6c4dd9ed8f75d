using System.Collections.Immutable;
using System.Diagnostics;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// Everything the cluster agrees on, as of one log index. Immutable: readers take a reference and never lock. Every
/// replica that applies the same entries holds the same state, and can prove it by <see cref="Hash"/>.
/// </summary>
public sealed record ClusterState
{
    /// <summary>The newest meaning of commands that this version knows.</summary>
    public const uint SupportedClusterVersion = CommandVersions.Newest;

    private ClusterState()
    {
    }

    /// <summary>Before the first entry.</summary>
    public static ClusterState Empty { get; } = StartingWith(ClusterSettings.Default);

    /// <summary>The last entry that is part of this state; the revision that answers carry.</summary>
    public ulong Index { get; internal init; }

    /// <summary>The term of that entry.</summary>
    public ulong Term { get; internal init; }

    public ImmutableSortedDictionary<string, ClusterNode> Nodes { get; internal init; } = Ordinal.Map<ClusterNode>();

    public ImmutableSortedDictionary<string, Vm> Vms { get; internal init; } = Ordinal.Map<Vm>();

    public SessionTable Sessions { get; internal init; } = SessionTable.Empty;

    public IdempotencyTable IdempotencyKeys { get; internal init; } = IdempotencyTable.Empty;

    public Membership Membership { get; internal init; } = Membership.Empty;

    public ClusterSettings Settings { get; internal init; } = ClusterSettings.Default;

    /// <summary>Which meaning commands have; raised only once every member supports it.</summary>
    public uint ClusterVersion { get; internal init; } = 1;

    /// <summary>
    /// Milliseconds that leaders have measured, one after the other, with monotonic clocks. Slower than any clock on a
    /// wall, never faster: nothing is measured between two leaders.
    /// </summary>
    public long LogTime { get; internal init; }

    /// <summary>
    /// Equal on all replicas at equal <see cref="Index"/>. Kept up to date by Apply, never by a walk.
    /// </summary>
    public ulong Hash { get; internal init; }

    /// <summary>Before the first entry, with settings of a test's choice.</summary>
    internal static ClusterState StartingWith(ClusterSettings settings)
    {
        var state = new ClusterState { Settings = settings };
        return state with { Hash = StateHash.Recompute(state) };
    }

    /// <summary>
    /// The state after <paramref name="entry"/>, what to answer, and what changed. Pure: the same state and entry give
    /// the same outcome anywhere, at any time. Called only from the apply loop, in index order.
    /// </summary>
    /// <exception cref="UndecodableCommandException">The node must stop.</exception>
    public ApplyOutcome Apply(CommittedCommand entry) => Apply(entry.Index, entry.Term, CommandCodec.Decode(entry));

    /// <inheritdoc cref="Apply(CommittedCommand)"/>
    public ApplyOutcome Apply(ulong index, ulong term, Command command)
    {
        var after = Skip(index, term);
        if (CommandValidator.CheckEnvelope(command) is { } malformed)
        {
            return after.Answer(command, malformed);
        }

        if (Sessions.Answer(command, Settings, out var duplicate) is { } known)
        {
            return after.Answer(command, known) with { Duplicate = duplicate };
        }

        var edit = new StateEdit(after, command);
        var result = Judge(edit)
            ?? (command.IdempotencyKey.Length == 0 ? Dispatch(edit) : ApplyKeyed.Once(edit, Dispatch));
        return edit.Finish(result);
    }

    /// <summary>The state after an entry that the engine keeps for itself: a no-op or a configuration.</summary>
    public ClusterState Skip(ulong index, ulong term) => index > Index
        ? this with { Index = index, Term = term }
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"Entries up to {Index} are applied already.");

    /// <summary>Is <paramref name="node"/> the one that judges <paramref name="vm"/> from outside?</summary>
    public bool ShouldMonitor(string vm, string node) => Vms.TryGetValue(vm, out var found) && found.Monitor == node;

    /// <summary>When the node last said, in a report or by a keep-alive, that this is so. Unix milliseconds.</summary>
    public long LastSeen(NodeObservation observation) =>
        !observation.Stale && Nodes.TryGetValue(observation.Node, out var node)
            ? Math.Max(observation.LastReported, node.ConfirmedAt)
            : observation.LastReported;

    /// <summary>The VMs defined on a node, by name.</summary>
    public IEnumerable<Vm> DefinedOn(string node) => Vms.Values.Where(vm => vm.Observations.ContainsKey(node));

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
        Command.BodyOneofCase.UpdateHealth => ApplyHealth.Update(edit, edit.Command.UpdateHealth),
        Command.BodyOneofCase.UpdateMonitoringAssignments =>
            ApplyHealth.Assign(edit, edit.Command.UpdateMonitoringAssignments),
        Command.BodyOneofCase.RegisterNode => ApplyNode.Register(edit, edit.Command.RegisterNode),
        Command.BodyOneofCase.UpdateNode => ApplyNode.Update(edit, edit.Command.UpdateNode),
        Command.BodyOneofCase.ChangeMembership => ApplyMembership.Ask(edit, edit.Command.ChangeMembership),
        Command.BodyOneofCase.SettleMembershipChange =>
            ApplyMembership.Settle(edit, edit.Command.SettleMembershipChange),
        Command.BodyOneofCase.CancelMembershipChange =>
            ApplyMembership.Cancel(edit, edit.Command.CancelMembershipChange),
        Command.BodyOneofCase.OpenSession => ApplySession.Open(edit, edit.Command.OpenSession),
        Command.BodyOneofCase.SetClusterVersion => ApplyCluster.Raise(edit, edit.Command.SetClusterVersion),
        Command.BodyOneofCase.AdvanceTime => ApplyCluster.Advance(edit, edit.Command.AdvanceTime),
        _ => throw new UnreachableException($"The codec let {edit.Command.BodyCase} pass at index {edit.Index}."),
    };

    private ApplyOutcome Answer(Command command, CommandResult result) =>
        new(this, result, [], command.ClientId, command.Sequence) { Nonce = command.OpenSession?.Nonce ?? 0 };
}
