using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class VoterRolesTests
{
    private static readonly TimeSpan Stable = VoterRoleRules.Default.StableFor;
    private static readonly TimeSpan Dead = VoterRoleRules.Default.DeadAfter + TimeSpan.FromSeconds(1);

    private readonly SortedDictionary<string, Given> _nodes = new(StringComparer.Ordinal);
    private VoterRoleRules _rules = VoterRoleRules.Default;

    [Theory]
    [InlineData(0, 5, 1)]
    [InlineData(1, 5, 1)]
    [InlineData(2, 5, 1)]
    [InlineData(3, 5, 3)]
    [InlineData(4, 5, 3)]
    [InlineData(5, 5, 5)]
    [InlineData(6, 5, 5)]
    [InlineData(7, 5, 5)]
    [InlineData(300, 5, 5)]
    [InlineData(6, 7, 5)]
    [InlineData(7, 7, 7)]
    [InlineData(300, 7, 7)]
    [InlineData(5, 3, 3)]
    [InlineData(5, 1, 1)]
    public void So_many_voters_for_so_many_nodes(int nodes, int most, int voters) =>
        Assert.Equal(voters, VoterRoles.Desired(nodes, most));

    [Fact]
    public void The_second_node_does_not_vote()
    {
        Voters("n1");
        Learners("n2");

        Nothing();
    }

    [Fact]
    public void With_the_third_node_two_are_promoted_at_once()
    {
        Voters("n1");
        Learners("n2", "n3");

        Plans("n1 n2 n3", "", "n2, n3 to vote: 3 nodes want 3 voters, there are 1");
    }

    [Fact]
    public void The_fourth_node_learns_and_with_the_fifth_both_vote()
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Nothing();

        Learners("n5");
        Plans("n1 n2 n3 n4 n5", "", "n4, n5 to vote: 5 nodes want 5 voters, there are 3");
    }

    [Fact]
    public void From_one_to_five_in_one_change_if_all_are_there()
    {
        Voters("n1");
        Learners("n2", "n3", "n4", "n5");

        Plans("n1 n2 n3 n4 n5", "", "n2, n3, n4, n5 to vote: 5 nodes want 5 voters, there are 1");
    }

    [Fact]
    public void Never_through_an_even_number()
    {
        Voters("n1");
        Learners("n2", "n3");
        Set("n3", given => given with { Silence = TimeSpan.FromSeconds(4) });

        Nothing();
    }

    [Fact]
    public void An_even_number_that_is_there_becomes_odd()
    {
        Voters("n1", "n2");
        Learners("n3", "n4");

        Plans("n1 n2 n3", "n4", "n3 to vote: 4 nodes want 3 voters, there are 2");
    }

    [Fact]
    public void A_node_that_was_only_announced_does_not_count()
    {
        Voters("n1");
        Learners("n2", "n3");
        Set("n3", given => given with { Status = NodeStatus.Unknown });

        Nothing();
    }

    [Fact]
    public void Seven_by_setting()
    {
        Voters("n1", "n2", "n3", "n4", "n5");
        Learners("n6", "n7");
        Nothing();

        _rules = _rules with { MaxVoters = 7 };
        Plans("n1 n2 n3 n4 n5 n6 n7", "", "n6, n7 to vote: 7 nodes want 7 voters, there are 5");
    }

    [Fact]
    public void A_learner_is_promoted_only_once_it_was_healthy_for_long_enough()
    {
        Voters("n1");
        Learners("n2", "n3");
        Set("n3", given => given with { HealthyFor = Stable - TimeSpan.FromMilliseconds(1) });
        Nothing();

        Set("n3", given => given with { HealthyFor = Stable });
        Plans("n1 n2 n3", "", "n2, n3 to vote: 3 nodes want 3 voters, there are 1");
    }

    [Theory]
    [InlineData(NodeStatus.Draining)]
    [InlineData(NodeStatus.Suspect)]
    [InlineData(NodeStatus.Fenced)]
    [InlineData(NodeStatus.Lost)]
    public void Only_an_active_learner_is_promoted(NodeStatus status)
    {
        Voters("n1");
        Learners("n2", "n3");
        Set("n3", given => given with { Status = status });

        Nothing();
    }

    [Fact]
    public void The_set_never_shrinks_by_itself()
    {
        Voters("n1", "n2", "n3", "n4", "n5", "n6", "n7");

        Nothing();
    }

    [Fact]
    public void Four_voters_stay_four_where_three_would_do()
    {
        Voters("n1", "n2", "n3", "n4");

        Nothing();
    }

    [Fact]
    public void A_dead_voter_is_replaced_by_a_learner_and_becomes_one()
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Set("n2", given => given with { Status = NodeStatus.Lost, Silence = Dead });

        Plans("n1 n3 n4", "n2", "n4 to vote in the place of n2, silent for 601 s");
    }

    [Fact]
    public void A_voter_that_is_silent_for_less_is_waited_for()
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Set("n2", given => given with { Status = NodeStatus.Lost, Silence = VoterRoleRules.Default.DeadAfter });

        Nothing();
    }

    [Theory]
    [InlineData(NodeStatus.Draining)]
    [InlineData(NodeStatus.Suspect)]
    [InlineData(NodeStatus.Fenced)]
    [InlineData(NodeStatus.Active)]
    public void A_voter_that_is_away_on_purpose_is_waited_for(NodeStatus status)
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Set("n2", given => given with { Status = status, Silence = Dead });

        Nothing();
    }

    [Fact]
    public void Of_two_dead_voters_the_longer_silent_is_replaced_and_only_that_one()
    {
        Voters("n1", "n2", "n3", "n4", "n5");
        Learners("n6", "n7");
        Set("n2", given => given with { Status = NodeStatus.Lost, Silence = Dead });
        Set("n4", given => given with { Status = NodeStatus.Lost, Silence = Dead + TimeSpan.FromSeconds(9) });

        Plans("n1 n2 n3 n5 n6", "n4 n7", "n6 to vote in the place of n4, silent for 610 s");
    }

    [Fact]
    public void A_dead_voter_stays_where_the_new_set_would_have_no_healthy_majority()
    {
        Voters("n1", "n2", "n3", "n4", "n5");
        Learners("n6");
        foreach (var dead in new[] { "n2", "n3", "n4" })
        {
            Set(dead, given => given with { Status = NodeStatus.Lost, Silence = Dead });
        }

        // 3 of 5 would answer: n1, n5 and n6.
        Plans("n1 n3 n4 n5 n6", "n2", "n6 to vote in the place of n2, silent for 601 s");
        Set("n5", given => given with { Silence = TimeSpan.FromSeconds(4) });
        Nothing();
    }

    [Fact]
    public void No_zone_gains_a_majority_that_it_lacked()
    {
        Voters("n1", "n2", "n3");
        Learners("n4", "n5");
        Zones("a", "n1", "n4", "n5");
        Zones("b", "n2");
        Zones("c", "n3");
        Nothing();

        Zones("b", "n5");
        Plans("n1 n2 n3 n4 n5", "", "n4, n5 to vote: 5 nodes want 5 voters, there are 3");
    }

    [Fact]
    public void A_zone_that_has_the_majority_already_keeps_it()
    {
        Voters("n1");
        Learners("n2", "n3");
        Zones("a", "n1", "n2", "n3");

        Plans("n1 n2 n3", "", "n2, n3 to vote: 3 nodes want 3 voters, there are 1");
    }

    [Fact]
    public void Learners_of_other_zones_come_first()
    {
        Voters("n1");
        Learners("n2", "n3", "n4");
        Zones("a", "n1", "n2");
        Zones("b", "n3");
        Zones("c", "n4");

        Plans("n1 n3 n4", "n2", "n3, n4 to vote: 4 nodes want 3 voters, there are 1");
    }

    [Fact]
    public void A_dead_voter_is_not_replaced_by_one_that_gives_its_zone_a_majority()
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Zones("a", "n1", "n4");
        Zones("b", "n2");
        Zones("c", "n3");
        Set("n2", given => given with { Status = NodeStatus.Lost, Silence = Dead });
        Nothing();

        Learners("n5");
        Zones("b", "n5");
        _rules = _rules with { MaxVoters = 3 };
        Plans("n1 n3 n5", "n2 n4", "n5 to vote in the place of n2, silent for 601 s");
    }

    [Fact]
    public void A_rack_is_a_failure_domain_within_its_zone()
    {
        Voters("n1", "n2", "n3");
        Learners("n4");
        Set("n2", given => given with { Status = NodeStatus.Lost, Silence = Dead });
        Label("rack", "r1", "n1", "n4");
        Label("rack", "r2", "n2");
        Label("rack", "r3", "n3");
        Nothing();

        // The same name in another zone is another rack.
        Zones("a", "n1");
        Zones("b", "n2");
        Zones("c", "n3");
        Zones("d", "n4");
        Plans("n1 n3 n4", "n2", "n4 to vote in the place of n2, silent for 601 s");
    }

    [Fact]
    public void An_observer_takes_a_free_place_among_the_learners()
    {
        Voters("n1", "n2", "n3");
        Observers("n4");

        Plans("n1 n2 n3", "n4", "n4 to learn: there is room among the learners");
    }

    [Fact]
    public void Beyond_sixteen_learners_there_are_observers()
    {
        _rules = _rules with { MaxVoters = 3 };
        Voters("n1", "n2", "n3");
        Learners([.. Enumerable.Range(10, VoterRoles.MaxLearners).Select(i => $"n{i}")]);
        Observers("n99");

        Nothing();
    }

    private void Voters(params string[] names) => Give(names, new Given(Role.Voter));

    private void Learners(params string[] names) => Give(names, new Given(Role.Learner));

    private void Observers(params string[] names) => Give(names, new Given(Role.Observer));

    private void Give(string[] names, Given given)
    {
        foreach (var name in names)
        {
            _nodes[name] = given;
        }
    }

    private void Zones(string zone, params string[] names) => Label("zone", zone, names);

    private void Label(string key, string value, params string[] names)
    {
        foreach (var name in names)
        {
            Set(name, given => given with { Labels = given.Labels.SetItem(key, value) });
        }
    }

    private void Set(string name, Func<Given, Given> how) => _nodes[name] = how(_nodes[name]);

    private void Nothing() => Assert.Null(Plan());

    private void Plans(string voters, string learners, string reason)
    {
        var plan = Plan();
        Assert.NotNull(plan);
        Assert.Equal((voters, learners, reason), (Names(plan.Voters), Names(plan.Learners), plan.Reason));
    }

    private RoleChange? Plan()
    {
        var state = ClusterState.Empty with
        {
            Nodes = Ordinal.Map<ClusterNode>().AddRange(_nodes.Select(pair => KeyValuePair.Create(pair.Key, new ClusterNode
            {
                Name = pair.Key,
                MemberId = Id(pair.Key),
                RegisteredAt = 1,
                Status = pair.Value.Status,
                Labels = pair.Value.Labels,
            }))),
        };
        return VoterRoles.Plan(
            state,
            Members(Role.Voter),
            Members(Role.Learner),
            [.. _nodes.Select(pair => new MemberHealth(Id(pair.Key), pair.Value.Silence, pair.Value.HealthyFor))],
            _rules);
    }

    private ImmutableSortedSet<ulong> Members(Role role) =>
        [.. _nodes.Where(pair => pair.Value.Role == role).Select(pair => Id(pair.Key))];

    private static ulong Id(string name) => ulong.Parse(name[1..]);

    private static string Names(IEnumerable<ulong> members) => string.Join(' ', members.Select(member => $"n{member}"));

    private enum Role
    {
        Voter,
        Learner,
        Observer,
    }

    private sealed record Given(Role Role)
    {
        public NodeStatus Status { get; init; } = NodeStatus.Active;

        public TimeSpan Silence { get; init; } = TimeSpan.FromMilliseconds(50);

        public TimeSpan HealthyFor { get; init; } = TimeSpan.FromMinutes(1);

        public ImmutableSortedDictionary<string, string> Labels { get; init; } = Ordinal.Map<string>();
    }
}
