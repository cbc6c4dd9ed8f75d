using System.Collections.Immutable;
using System.Globalization;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>What the leader knows of a member, by its own monotonic clock and since it leads.</summary>
/// <param name="Silence">Since anything came from it; zero for the leader itself.</param>
/// <param name="HealthyFor">How long it has been in contact and caught up, without a break.</param>
public readonly record struct MemberHealth(ulong Member, TimeSpan Silence, TimeSpan HealthyFor);

/// <summary>The settings of <see cref="VoterRoles"/>.</summary>
/// <param name="MaxVoters">1, 3, 5 or 7.</param>
/// <param name="StableFor">A learner is promoted once it has been healthy for this long.</param>
/// <param name="DeadAfter">A voter that is silent for longer is replaced.</param>
public sealed record VoterRoleRules(int MaxVoters, TimeSpan StableFor, TimeSpan DeadAfter)
{
    public static VoterRoleRules Default { get; } =
        new(MaxVoters: 5, StableFor: TimeSpan.FromSeconds(10), DeadAfter: TimeSpan.FromMinutes(10));
}

/// <summary>The members as they are to be, and why.</summary>
public sealed record RoleChange(
    ImmutableSortedSet<ulong> Voters, ImmutableSortedSet<ulong> Learners, string Reason);

/// <summary>
/// Who should vote. One voter for 1 or 2 nodes, three for 3 or 4, five from 5 on, seven from 7 on where that is set: odd
/// numbers only, because an even one tolerates no failure more and is one more that can fail. The set grows by itself
/// and heals by itself, one change at a time; it never shrinks by itself. Up to <see cref="MaxLearners"/> further
/// members are learners, the rest observers.
/// </summary>
public static class VoterRoles
{
    /// <summary>Members beside the voters to which the leader itself sends the log.</summary>
    public const int MaxLearners = 16;

    /// <summary>Entries behind the leader's last within which a member counts as caught up.</summary>
    public const ulong CaughtUpWithin = 1000;

    /// <summary>Failure domains, the wider first: a rack is one within its zone.</summary>
    private static readonly ImmutableArray<string> DomainLabels = ["zone", "rack"];

    /// <summary>What to change now; null: nothing, or nothing that would be safe.</summary>
    /// <param name="state">The nodes, with their labels and status.</param>
    /// <param name="voters">As the engine has them.</param>
    /// <param name="learners">As the engine has them.</param>
    /// <param name="health">Of the members that the leader has contact with; one that is missing is not judged.</param>
    /// <param name="rules">The settings.</param>
    public static RoleChange? Plan(
        ClusterState state,
        ImmutableSortedSet<ulong> voters,
        ImmutableSortedSet<ulong> learners,
        IReadOnlyList<MemberHealth> health,
        VoterRoleRules rules)
    {
        var view = new View(state, voters, learners, health, rules);
        return Grow(view) ?? Replace(view) ?? Admit(view);
    }

    /// <summary>How many voters a cluster of this many nodes should have.</summary>
    public static int Desired(int nodes, int maxVoters) => Math.Min(
        maxVoters,
        nodes switch
        {
            <= 2 => 1,
            <= 4 => 3,
            <= 6 => 5,
            _ => 7,
        });

    private static RoleChange? Grow(View view)
    {
        var missing = Desired(view.Nodes, view.Rules.MaxVoters) - view.Voters.Count;
        var candidates = view.Candidates();
        for (var count = Math.Min(missing, candidates.Length); count > 0; count--)
        {
            // Never through an even number: three healthy nodes and one that is away must not make two voters.
            if ((view.Voters.Count + count) % 2 == 0)
            {
                continue;
            }

            var chosen = view.Spread(view.Voters, candidates, count);
            var grown = view.Voters.Union(chosen);
            if (view.IsHealthyQuorum(grown) && !view.GivesMajority(grown))
            {
                return view.Change(
                    grown,
                    $"{view.NamesOf(chosen)} to vote: {Text(view.Nodes)} nodes want "
                        + $"{Text(Desired(view.Nodes, view.Rules.MaxVoters))} voters, there are {Text(view.Voters.Count)}");
            }
        }

        return null;
    }

    private static RoleChange? Replace(View view)
    {
        foreach (var dead in view.Dead())
        {
            var rest = view.Voters.Remove(dead);
            foreach (var candidate in view.Ordered(rest, view.Candidates()))
            {
                var healed = rest.Add(candidate);
                if (view.IsHealthyQuorum(healed) && !view.GivesMajority(healed))
                {
                    var silence = (view.SilenceOf(dead) ?? TimeSpan.Zero).Ticks / TimeSpan.TicksPerSecond;
                    return view.Change(
                        healed,
                        $"{view.NameOf(candidate)} to vote in the place of {view.NameOf(dead)}, silent for {Text(silence)} s");
                }
            }
        }

        return null;
    }

    /// <summary>An observer takes a place among the learners that has become free.</summary>
    private static RoleChange? Admit(View view)
    {
        if (view.Learners.Count >= MaxLearners)
        {
            return null;
        }

        foreach (var node in view.State.Nodes.Values)
        {
            if (node.Status == NodeStatus.Active && !view.IsMember(node.MemberId))
            {
                return new RoleChange(
                    view.Voters, view.Learners.Add(node.MemberId), $"{node.Name} to learn: there is room among the learners");
            }
        }

        return null;
    }

    private static string Text(long number) => number.ToString(NumberFormatInfo.InvariantInfo);

    /// <summary>The question, with the answers that more than one rule needs.</summary>
    private sealed class View(
        ClusterState state,
        ImmutableSortedSet<ulong> voters,
        ImmutableSortedSet<ulong> learners,
        IReadOnlyList<MemberHealth> health,
        VoterRoleRules rules)
    {
        private readonly ImmutableSortedDictionary<ulong, ClusterNode> _nodes =
            state.Nodes.Values.ToImmutableSortedDictionary(node => node.MemberId, node => node);

        private readonly ImmutableSortedDictionary<ulong, MemberHealth> _health =
            health.ToImmutableSortedDictionary(member => member.Member, member => member);

        public ClusterState State => state;

        public ImmutableSortedSet<ulong> Voters => voters;

        public ImmutableSortedSet<ulong> Learners => learners;

        public VoterRoleRules Rules => rules;

        /// <summary>That have joined; one that was only announced may never come.</summary>
        public int Nodes { get; } = state.Nodes.Values.Count(node => node.Status != NodeStatus.Unknown);

        public bool IsMember(ulong member) => voters.Contains(member) || learners.Contains(member);

        public TimeSpan? SilenceOf(ulong member) =>
            _health.TryGetValue(member, out var known) ? known.Silence : null;

        public string NameOf(ulong member) =>
            _nodes.TryGetValue(member, out var node) ? node.Name : NodeFields.MemberText(member);

        public string NamesOf(IEnumerable<ulong> members) => string.Join(", ", members.Select(NameOf));

        /// <summary>Learners that may vote: active, and healthy for long enough.</summary>
        public ImmutableArray<ulong> Candidates() =>
        [
            .. learners.Where(member => _nodes.TryGetValue(member, out var node) && node.Status == NodeStatus.Active
                && IsHealthy(member) && _health[member].HealthyFor >= rules.StableFor),
        ];

        /// <summary>
        /// Voters to replace, the longest silent first. Whoever is drained is away on purpose and comes back.
        /// </summary>
        public ImmutableArray<ulong> Dead() =>
        [
            .. voters
                .Where(member => SilenceOf(member) > rules.DeadAfter
                    && (!_nodes.TryGetValue(member, out var node) || node is { Status: NodeStatus.Lost, Drain: null }))
                .OrderByDescending(SilenceOf)
                .ThenBy(member => member),
        ];

        /// <summary>A majority of the new set answers now.</summary>
        public bool IsHealthyQuorum(ImmutableSortedSet<ulong> set) => set.Count(IsHealthy) * 2 > set.Count;

        /// <summary>Would a failure domain hold a majority that it lacks today? Its loss would then stop the cluster.</summary>
        public bool GivesMajority(ImmutableSortedSet<ulong> set)
        {
            foreach (var label in DomainLabels)
            {
                var before = CountByDomain(voters, label);
                foreach (var (domain, count) in CountByDomain(set, label))
                {
                    if (count * 2 > set.Count && before.GetValueOrDefault(domain) * 2 <= voters.Count)
                    {
                        return true;
                    }
                }
            }

            return false;
        }

        /// <summary>So many of the candidates, each the one that spreads the set widest.</summary>
        public ImmutableArray<ulong> Spread(ImmutableSortedSet<ulong> set, ImmutableArray<ulong> candidates, int count)
        {
            var chosen = ImmutableArray.CreateBuilder<ulong>();
            for (var i = 0; i < count; i++)
            {
                var next = Ordered(set, candidates.RemoveRange(chosen))[0];
                chosen.Add(next);
                set = set.Add(next);
            }

            return chosen.DrainToImmutable();
        }

        /// <summary>Whose zone and rack have the fewest of the set, first; then by name.</summary>
        public ImmutableArray<ulong> Ordered(ImmutableSortedSet<ulong> set, ImmutableArray<ulong> candidates)
        {
            var (zones, racks) = (CountByDomain(set, DomainLabels[0]), CountByDomain(set, DomainLabels[1]));
            return
            [
                .. candidates
                    .OrderBy(member => DomainOf(member, DomainLabels[0]) is { } zone ? zones.GetValueOrDefault(zone) : 0)
                    .ThenBy(member => DomainOf(member, DomainLabels[1]) is { } rack ? racks.GetValueOrDefault(rack) : 0)
                    .ThenBy(NameOf, StringComparer.Ordinal),
            ];
        }

        public RoleChange Change(ImmutableSortedSet<ulong> set, string reason) =>
            new(set, learners.Except(set).Union(voters.Except(set)), reason);

        private bool IsHealthy(ulong member) => SilenceOf(member) <= NodeLiveness.LostAfter;

        private ImmutableSortedDictionary<string, int> CountByDomain(ImmutableSortedSet<ulong> set, string label)
        {
            var counts = Ordinal.Map<int>().ToBuilder();
            foreach (var member in set)
            {
                if (DomainOf(member, label) is { } domain)
                {
                    counts[domain] = counts.GetValueOrDefault(domain) + 1;
                }
            }

            return counts.ToImmutable();
        }

        /// <summary>Null: no label, and so nothing that it is known to share with another.</summary>
        private string? DomainOf(ulong member, string label)
        {
            if (!_nodes.TryGetValue(member, out var node) || !node.Labels.TryGetValue(label, out var value))
            {
                return null;
            }

            return label == DomainLabels[0] ? value : $"{node.Labels.GetValueOrDefault(DomainLabels[0])}/{value}";
        }
    }
}
