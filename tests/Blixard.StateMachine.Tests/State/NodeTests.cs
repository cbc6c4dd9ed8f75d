using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class NodeTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    [Fact]
    public void A_registered_node_is_active_with_what_it_said()
    {
        var command = Make.RegisterNode("n3");
        command.RegisterNode.Labels.Add(new Label { Key = "zone", Value = "a" });

        var change = Assert.Single(_replica.Do(command).Changes);

        var node = _replica.Node("n3");
        Assert.Equal(NodeStatus.Active, node.Status);
        Assert.Equal(Make.Member("n3"), node.MemberId);
        Assert.Equal("n3:7480", node.ApiAddress);
        Assert.Equal("n3:7481", node.RaftAddress);
        Assert.Equal("a", node.Labels["zone"]);
        Assert.Equal((8u, 1UL << 34), (node.Cpus, node.MemoryBytes));
        Assert.Equal((ChangeKind.Create, EntityKind.Node, "n3"), (change.Kind, change.Entity, change.Name));
        Assert.Contains(
            new FieldChange("labels[zone]", FieldAction.Added, null, FieldValue.Of("a")), change.Fields);
    }

    [Fact]
    public void Registering_again_updates_it_and_keeps_its_status()
    {
        _replica.Do(Make.Lost("n1"));
        var command = Make.RegisterNode("n1");
        command.RegisterNode.Version = "0.2.0";

        _replica.Do(command);

        Assert.Equal("0.2.0", _replica.Node("n1").Version);
        Assert.Equal(NodeStatus.Lost, _replica.Node("n1").Status);
    }

    [Fact]
    public void Another_member_can_not_take_the_name()
    {
        var command = Make.RegisterNode("n1");
        command.RegisterNode.MemberId = 0x99;

        _replica.Refuses(
            command, RejectionReason.NameTaken, "node n1 is member 0000000000001031, not 0000000000000099");
    }

    [Fact]
    public void A_member_can_not_take_another_name()
    {
        var command = Make.RegisterNode("n9");
        command.RegisterNode.MemberId = Make.Member("n1");

        _replica.Refuses(command, RejectionReason.NameTaken, "member 0000000000001031 is node n1, not n9");
    }

    [Fact]
    public void A_node_registers_only_itself() => _replica.Refuses(
        Make.RegisterNode("n3").By("n1"),
        RejectionReason.NotYours,
        "n1 can't report for n3: a node reports only what is its own");

    [Fact]
    public void Only_what_an_update_names_changes()
    {
        var update = new UpdateNode { Node = "n1", ApiAddress = "10.0.0.1:7480", Labels = new LabelSet() };
        update.Labels.Labels.Add(new Label { Key = "rack", Value = "r1" });

        _replica.Do(Command.Of(update).By("n1"));
        Assert.Equal("10.0.0.1:7480", _replica.Node("n1").ApiAddress);
        Assert.Equal("n1:7481", _replica.Node("n1").RaftAddress);
        Assert.Equal(NodeStatus.Active, _replica.Node("n1").Status);

        _replica.Do(Command.Of(new UpdateNode { Node = "n1", Version = "0.2.0" }).By("n1"));
        Assert.Equal("r1", _replica.Node("n1").Labels["rack"]);

        _replica.Do(Command.Of(new UpdateNode { Node = "n1", Labels = new LabelSet() }).By("n1"));
        Assert.Empty(_replica.Node("n1").Labels);
    }

    [Fact]
    public void An_unknown_node_is_refused() =>
        _replica.Refuses(Make.Lost("n9"), RejectionReason.NodeNotFound, "node n9 not found");

    [Fact]
    public void The_vms_of_a_lost_node_keep_their_last_state_and_are_unknown()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Do(Make.RegisterVM("db", "n2", VmState.Running));
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")));
        _replica.Do(Make.KeepAlive("n1", 1).At(Replica.Start + 500));

        var outcome = _replica.Do(Make.Lost("n1").At(Replica.Start + 9000));

        var web = _replica.Vm("web");
        Assert.Equal(VmState.Unknown, web.State);
        Assert.Equal("Unknown (node lost)", web.StateText);
        Assert.Equal(Staleness.NodeLost, web.Staleness);
        Assert.Equal("n1", web.Location);
        Assert.Empty(web.RunningOn);
        Assert.Equal(VmState.Running, web.Observations["n1"].State);
        Assert.True(web.Observations["n1"].Stale);
        Assert.Equal(Replica.Start + 500, _replica.State.LastSeen(web.Observations["n1"]));
        Assert.Equal("Running", _replica.Vm("db").StateText);
        Assert.Equal((NodeStatus.Lost, "no answer"), (_replica.Node("n1").Status, _replica.Node("n1").StatusReason));
        Assert.All(outcome.Changes, change => Assert.Equal("node n1 lost: no answer", change.Reason));
        Assert.Equal(["web", "n1"], outcome.Changes.Select(change => change.Name));
    }

    [Fact]
    public void A_node_that_returns_is_believed_from_its_next_word_on()
    {
        _replica.Do(Make.RegisterVM("web", "n1"));
        _replica.Do(Make.RegisterVM("db", "n1"));
        _replica.Do(Make.Report("n1", 1, Make.Seen("web"), Make.Seen("db")));
        _replica.Do(Make.Lost("n1"));

        _replica.Do(Make.Active("n1"));
        Assert.Equal("Unknown (node lost)", _replica.Vm("web").StateText);

        _replica.Do(Make.Report("n1", 2, Make.Seen("web", VmState.Stopped)));
        Assert.Equal("Stopped", _replica.Vm("web").StateText);
        Assert.Equal("Unknown (node lost)", _replica.Vm("db").StateText);

        var confirmed = _replica.Do(Make.KeepAlive("n1", 2));
        Assert.Equal("Running", _replica.Vm("db").StateText);
        Assert.Equal("confirmed by n1", Assert.Single(confirmed.Changes).Reason);
    }

    [Fact]
    public void What_a_lost_node_says_is_kept_but_not_believed_until_it_is_taken_back()
    {
        _replica.Do(Make.RegisterVM("web", "n1"));
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")));
        _replica.Do(Make.Lost("n1"));

        _replica.Do(Make.Report("n1", 2, Make.Seen("web", VmState.Stopped)));
        Assert.Equal("Unknown (node lost)", _replica.Vm("web").StateText);
        Assert.Equal(VmState.Stopped, _replica.Seen("web", "n1").State);

        _replica.Do(Make.KeepAlive("n1", 2));
        Assert.Equal("Unknown (node lost)", _replica.Vm("web").StateText);

        _replica.Do(Make.Active("n1"));
        _replica.Do(Make.KeepAlive("n1", 2));
        Assert.Equal("Stopped", _replica.Vm("web").StateText);
    }

    [Fact]
    public void Losing_a_lost_node_is_no_event()
    {
        _replica.Do(Make.Lost("n1"));

        Assert.Empty(_replica.Do(Make.Lost("n1")).Changes);
    }

    [Fact]
    public void A_decision_of_another_term_is_void() => _replica.Refuses(
        Make.Decided(Make.Lost("n1"), term: 4),
        RejectionReason.TermChanged,
        "decided by the leader of term 4, committed in term 5",
        term: 5);
}
