using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class MembershipTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    private ulong Index => _replica.State.Index;

    private Membership Membership => _replica.State.Membership;

    [Fact]
    public void A_change_is_withdrawn_once_and_only_while_it_is_pending()
    {
        var replica = Replica.With("n1", "n2", "n3");
        var request = replica.Do(Make.Ask(MembershipChangeKind.Remove, "n3")).State.Index;
        replica.Refuses(
            Make.Cancel(request + 1),
            RejectionReason.ChangeNotPending,
            $"no change of the members of index {request + 1} is pending");

        replica.Do(Make.Cancel(request));
        var again = replica.Do(Make.Cancel(request).By("n1"));

        Assert.Equal("n2", again.State.Membership.Pending!.CancelledBy);
        Assert.Equal(again.State.Hash, SnapshotTests.Copy(again.State).Hash);
        replica.Do(Make.Settle(request, "withdrawn through n2"));
        Assert.Contains("n3", replica.State.Nodes.Keys);
        replica.Refuses(
            Make.Cancel(request),
            RejectionReason.ChangeNotPending,
            $"no change of the members of index {request} is pending");
    }

    [Fact]
    public void An_added_node_is_known_with_its_addresses_before_it_has_joined()
    {
        var change = Assert.Single(_replica.Do(Make.Add("n3")).Changes);

        var node = _replica.Node("n3");
        Assert.Equal((NodeStatus.Unknown, "added, has not joined yet"), (node.Status, node.StatusReason));
        Assert.Equal(
            (Make.Member("n3"), "n3:7481", "n3:7480"), (node.MemberId, node.RaftAddress, node.ApiAddress));
        Assert.Equal((ChangeKind.Create, "node n3 added by n1"), (change.Kind, change.Reason));
        Assert.Equal(
            new PendingChange(Index, MembershipChangeKind.Add, "n3", Make.Member("n3"), 1, "n1", Replica.Start),
            Membership.Pending);
    }

    [Fact]
    public void An_added_node_becomes_active_with_its_first_word()
    {
        _replica.Do(Make.Add("n3"));

        _replica.Do(Make.RegisterNode("n3"));

        var node = _replica.Node("n3");
        Assert.Equal((NodeStatus.Active, "joined", Make.Boot), (node.Status, node.StatusReason, node.BootId));
    }

    [Fact]
    public void A_settled_change_is_remembered_with_its_outcome()
    {
        _replica.Do(Make.Ask(MembershipChangeKind.Promote, "n2"));
        var request = Index;

        _replica.Do(Make.Settle(request, "1234 entries behind"));

        Assert.Null(Membership.Pending);
        Assert.Equal(new SettledChange(request, "1234 entries behind"), Membership.SettledAt(request));
        Assert.Null(Membership.SettledAt(request + 1));
    }

    [Fact]
    public void Only_the_latest_outcomes_are_kept()
    {
        var first = Index + 1;
        for (var i = 0; i <= Membership.MaxSettled; i++)
        {
            _replica.Do(Make.Ask(MembershipChangeKind.Promote, "n2"));
            _replica.Do(Make.Settle(Index));
        }

        Assert.Equal(Membership.MaxSettled, Membership.Settled.Length);
        Assert.Null(Membership.SettledAt(first));
        Assert.NotNull(Membership.SettledAt(Index - 1));
    }

    [Fact]
    public void One_change_at_a_time()
    {
        _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2"));

        _replica.Refuses(
            Make.Add("n3"),
            RejectionReason.ChangePending,
            "the removal of node n2, asked through n1 at index 3, is not settled yet");
    }

    [Fact]
    public void Only_the_pending_change_can_be_settled_and_once()
    {
        Refused(1);
        _replica.Do(Make.Ask(MembershipChangeKind.Transfer, ""));
        var request = Index;
        Refused(request - 1);
        _replica.Do(Make.Settle(request));
        Refused(request);

        void Refused(ulong index) => _replica.Refuses(
            Make.Settle(index), RejectionReason.ChangeNotPending, $"no change of the members of index {index} is pending");
    }

    [Fact]
    public void A_removed_node_is_gone_and_its_member_never_comes_back()
    {
        _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2"));
        Assert.Equal(NodeStatus.Active, _replica.Node("n2").Status);

        var change = Assert.Single(_replica.Do(Make.Settle(Index)).Changes);

        Assert.Equal((ChangeKind.Delete, "n2", "node n2 removed"), (change.Kind, change.Name, change.Reason));
        Assert.DoesNotContain("n2", _replica.State.Nodes.Keys);
        Assert.Equal(new RemovedMember("n2", Replica.Start), Membership.Removed[Make.Member("n2")]);
        const string Detail = "member 0000000000001032 was node n2 and is removed: a removed member never comes back, its "
            + "host joins as a new one";
        _replica.Refuses(Make.RegisterNode("n2"), RejectionReason.MemberRemoved, Detail);
        _replica.Refuses(Make.Add("n2"), RejectionReason.MemberRemoved, Detail);
    }

    [Fact]
    public void The_name_of_a_removed_node_is_free_for_a_new_member()
    {
        _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2"));
        _replica.Do(Make.Settle(Index));
        var again = Make.Add("n2");
        again.ChangeMembership.MemberId = 0x77;

        _replica.Do(again);

        Assert.Equal(0x77UL, _replica.Node("n2").MemberId);
    }

    [Fact]
    public void The_vms_that_only_a_removed_node_defines_go_with_it()
    {
        _replica.Do(Make.RegisterVM("own", "n2"));
        _replica.Do(Make.RegisterVM("shared", "n1"));
        _replica.Do(Make.RegisterVM("shared", "n2"));
        _replica.Do(Make.RegisterVM("other", "n1"));
        _replica.Do(Make.Assign(("other", "n2"), ("shared", "n1")));
        _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2"));

        _replica.Do(Make.Settle(Index));

        Assert.Equal(["other", "shared"], _replica.State.Vms.Keys);
        Assert.Equal(["n1"], _replica.Vm("shared").Observations.Keys);
        Assert.Null(_replica.Vm("other").Monitor);
        Assert.Equal("n1", _replica.Vm("shared").Monitor);
    }

    [Fact]
    public void A_removal_that_was_refused_changes_nothing()
    {
        _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2"));

        _replica.Do(Make.Settle(Index, "it is the only voter"));

        Assert.Equal(["n1", "n2"], _replica.State.Nodes.Keys);
        Assert.Empty(Membership.Removed);
    }

    [Fact]
    public void An_addition_that_was_refused_leaves_no_node_and_its_id_is_used_up()
    {
        _replica.Do(Make.Add("n3"));

        _replica.Do(Make.Settle(Index, "no quorum"));

        Assert.Equal(["n1", "n2"], _replica.State.Nodes.Keys);
        Assert.Contains(Make.Member("n3"), Membership.Removed.Keys);
    }

    [Fact]
    public void A_name_or_an_address_that_is_taken_is_refused()
    {
        _replica.Refuses(
            Make.Add("n2"),
            RejectionReason.NameTaken,
            "node n2 is member 0000000000001032 already: remove it first");
        var sameAddress = Make.Add("n3");
        sameAddress.ChangeMembership.RaftAddress = "n2:7481";
        _replica.Refuses(sameAddress, RejectionReason.AddressTaken, "the Raft address n2:7481 is that of node n2");
        var sameMember = Make.Add("n3");
        sameMember.ChangeMembership.MemberId = Make.Member("n1");
        _replica.Refuses(sameMember, RejectionReason.NameTaken, "member 0000000000001031 is node n1, not n3");
    }

    [Fact]
    public void A_node_that_nobody_could_reach_must_have_an_address_before_others_are_added()
    {
        var alone = new Replica();
        var register = Make.RegisterNode("n1");
        register.RegisterNode.RaftAddress = "";
        alone.Do(register);

        alone.Refuses(
            Make.Add("n2"),
            RejectionReason.NoRaftAddress,
            "node n1 has no Raft address at which another could reach it: give it one with Raft:Listen, start it again, "
                + "and then add nodes");
    }

    [Fact]
    public void The_last_node_stays()
    {
        var alone = Replica.With("n1");

        alone.Refuses(
            Make.Ask(MembershipChangeKind.Remove, "n1"),
            RejectionReason.LastNode,
            "node n1 is the only one: a cluster without nodes is none");
    }

    [Theory]
    [InlineData(MembershipChangeKind.Remove)]
    [InlineData(MembershipChangeKind.Promote)]
    [InlineData(MembershipChangeKind.Transfer)]
    public void A_node_that_is_not_there_can_not_be_changed(MembershipChangeKind kind) =>
        _replica.Refuses(Make.Ask(kind, "n9"), RejectionReason.NodeNotFound, "node n9 not found");

    [Fact]
    public void What_is_malformed_is_refused()
    {
        Invalid(
            "kind 0 of a change of the members is not known",
            Command.Of(new ChangeMembership { Node = "n3" }).By("n1"));
        Invalid("member_id is missing", Added(body => body.MemberId = 0));
        Invalid("raft_address is missing", Added(body => body.RaftAddress = ""));
        foreach (var address in new[] { "n3", "n3:", ":7481", "n3:0", "n3:65536", "n3:-1", "a b:1", "[::1:7481", "n/3:1" })
        {
            Invalid($"raft_address \"{address}\" is not HOST:PORT", Added(body => body.RaftAddress = address));
            Invalid($"api_address \"{address}\" is not HOST:PORT", Added(body => body.ApiAddress = address));
        }

        var named = Make.Ask(MembershipChangeKind.Remove, "n2");
        named.ChangeMembership.MemberId = 5;
        Invalid("member_id and addresses are of a node to add", named);
        var undecided = Make.Settle(3);
        undecided.DecidedTerm = 0;
        Invalid("a change of the members is settled by the leader: decided_term is missing", undecided);
        Invalid("request is missing", Make.Settle(0));
    }

    [Theory]
    [InlineData("10.0.0.1:7481")]
    [InlineData("[fe80::1%eth0]:7481")]
    [InlineData("host-1.example:1")]
    public void Addresses_are_names_or_numbers_with_a_port(string address) => Assert.True(Rules.IsAddress(address));

    private static Command Added(Action<ChangeMembership> how)
    {
        var command = Make.Add("n3");
        how(command.ChangeMembership);
        return command;
    }

    private void Invalid(string detail, Command command) => _replica.Refuses(command, RejectionReason.Invalid, detail);
}
