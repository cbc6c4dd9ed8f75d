using System.Collections.Immutable;
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

    /// <summary>The times of leases.</summary>
    public LeaseTerms Terms { get; internal init; } = LeaseTerms.Default;

    public PlacementSettings PlacementSettings { get; internal init; } = PlacementSettings.Default;

    /// <summary>
    /// Under which leases are kept: another one than the members have means that the log was recovered. 0: none yet.
    /// </summary>
    public ulong ClusterId { get; internal init; }

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
    /// the same outcome anywhere, at any time. A run of one entry; longer ones share their work in a
    /// <see cref="StateDraft"/>.
    /// </summary>
    /// <exception cref="UndecodableCommandException">The node must stop.</exception>
    public ApplyOutcome Apply(CommittedCommand entry) => Apply(entry.Index, entry.Term, CommandCodec.Decode(entry));

    /// <inheritdoc cref="Apply(CommittedCommand)"/>
    public ApplyOutcome Apply(ulong index, ulong term, Command command)
    {
        var draft = new StateDraft(this);
        draft.Apply(index, term, command);
        return draft.Finish().Outcomes[0];
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
}
