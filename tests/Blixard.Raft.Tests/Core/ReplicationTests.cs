using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class ReplicationTests
{
    [Fact]
    public void A_proposal_is_applied_everywhere_in_order()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(ProposeStatus.Appended, leader.Propose($"c{i}").Status);
        }

        lab.Settle();
        Assert.All(lab.Members, m => Assert.Equal(Enumerable.Range(0, 50).Select(i => $"c{i}"), m.Applied));
    }

    [Fact]
    public void Proposals_made_together_travel_together()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        for (var i = 0; i < 50; i++)
        {
            leader.Propose($"c{i}");
        }

        lab.Drive();
        Assert.All(
            lab.Wire.OfType<AppendRequest>().Where(m => m.Entries.Count > 0), m => Assert.Equal(50, m.Entries.Count));
    }

    [Fact]
    public void A_follower_hands_proposals_to_the_leader()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        Assert.Equal(ProposeStatus.Forwarded, lab[2].Propose("from afar").Status);
        lab.Settle();
        Assert.All(lab.Members, m => Assert.Equal(["from afar"], m.Applied));
    }

    [Fact]
    public void A_burst_of_large_proposals_is_handed_over_in_bounded_messages()
    {
        var lab = new Lab(3, configure: o => o with { MaxAppendBytes = 1000 });
        lab.Elect(1);
        var sizes = (int[])[400, 400, 400, 2000, 1, 999, 1];
        foreach (var size in sizes)
        {
            lab[2].Propose(new('x', size));
        }

        lab.Drive();
        Assert.Equal(
            [[400, 400], [400], [2000], [1, 999], [1]],
            lab.Wire.OfType<ForwardProposals>().Select(m => m.Data.Select(d => d.Length).ToArray()));
        lab.Settle();
        Assert.Equal(sizes, lab[1].Applied.Select(text => text.Length));
    }

    [Fact]
    public void A_leader_that_holds_too_much_tells_whoever_forwarded_which_it_did_not_take()
    {
        var lab = new Lab(3, configure: o => o with { MaxUncommittedBytes = 10 });
        lab.Elect(1);
        lab.Settle();
        lab[2].Node.Propose(Lab.Bytes("123456"), context: 7);
        lab[2].Node.Propose(Lab.Bytes("7890123"), context: 8);
        lab[2].Node.Propose(Lab.Bytes("4"), context: 9);
        lab.Drive();
        lab[1].Node.Step(Assert.Single(lab.Wire.OfType<ForwardProposals>()));
        lab.Drive();

        var refused = Assert.Single(lab.Wire.OfType<ForwardRefused>());
        Assert.Equal(
            (new MemberId(2), ProposeStatus.Overloaded, 8UL, 2U),
            (refused.To, refused.Status, refused.FirstContext, refused.Count));
    }

    [Fact]
    public void Whoever_does_not_lead_any_more_refuses_what_is_forwarded_to_it()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab[3].Node.Step(new ForwardProposals(new(2), new(3), 1, [Lab.Bytes("a"), Lab.Bytes("b")]) { FirstContext = 4 });
        lab[3].Node.Step(new ForwardProposals(new(2), new(3), 1, [Lab.Bytes("c")]));
        lab.Drive();

        var refused = Assert.Single(lab.Wire.OfType<ForwardRefused>());
        Assert.Equal((ProposeStatus.NoLeader, 4UL, 2U), (refused.Status, refused.FirstContext, refused.Count));
    }

    [Fact]
    public void Without_a_leader_a_proposal_is_refused()
    {
        var lab = new Lab(3);
        Assert.Equal(ProposeStatus.NoLeader, lab[2].Propose("nowhere").Status);
    }

    [Fact]
    public void An_acknowledgement_leaves_only_after_the_entries_are_durable()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab[2].DiskHeld = lab[3].DiskHeld = true;
        leader.Propose("held");
        lab.Settle();
        Assert.Empty(leader.Applied);

        lab.Wire.AddRange(lab[2].FinishWrites());
        lab.Settle();
        Assert.Equal(["held"], leader.Applied);
    }

    [Fact]
    public void A_leader_counts_itself_only_after_its_own_disk_is_done()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        leader.DiskHeld = true;
        lab.Isolate(3);
        leader.Propose("held");
        lab.Settle();
        Assert.Empty(lab[2].Applied);

        lab.Wire.AddRange(leader.FinishWrites());
        lab.Settle();
        Assert.Equal(["held"], lab[2].Applied);
    }

    [Fact]
    public void An_earlier_term_is_committed_only_with_an_entry_of_the_leaders_own_term()
    {
        // Figure 8: member 1 leads term 2 and replicates to 2 without committing; it returns as leader of term 4.
        var lab = new Lab(5);
        foreach (var id in (int[])[1, 2])
        {
            lab[id].Node.Step(new AppendRequest(
                new(5), new((ulong)id), 2, 0, 0, 0, [new(1, 2, EntryKind.Command, Lab.Bytes("old"))]));
            lab[id].Drive();
            lab[id].Restart();
        }

        lab.Isolate(4);
        lab.Isolate(5);

        // Its no-op is lost on the way to 2 and 3; the old entry alone arrives.
        lab.Elect(1);
        Assert.All(
            lab.Members.Where(m => m.Node.Commit > 0),
            m => Assert.Equal(lab.Leader.Node.Term, m.Node.TermAt(m.Node.Commit)));
        Assert.Equal(["old"], lab[3].Applied);
    }

    [Fact]
    public void A_late_duplicate_does_not_cut_off_what_came_after_it()
    {
        var lab = new Lab(3);
        var first = new LogEntry(1, 1, EntryKind.Noop, default);
        var second = new LogEntry(2, 1, EntryKind.Command, Lab.Bytes("kept"));
        lab[2].Node.Step(new AppendRequest(new(1), new(2), 1, 0, 0, 0, [first, second]));
        lab[2].Node.Step(new AppendRequest(new(1), new(2), 1, 0, 0, 0, [first]));
        Assert.Equal(2ul, lab[2].Node.LastIndex);
    }

    [Fact]
    public void A_conflicting_suffix_is_replaced_by_the_leaders()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Isolate(1);
        lab[1].Propose("lost 1");
        lab[1].Propose("lost 2");
        lab.Drive();
        lab.Wire.Clear();
        lab.Run(40);
        lab.Leader.Propose("won");
        lab.Settle();
        lab.Heal();
        lab.Run(10);
        Assert.All(lab.Members, m => Assert.Equal(["won"], m.Applied));
        Assert.DoesNotContain(lab[1].Stored, e => e.Term == 1 && e.Kind == EntryKind.Command);
    }

    [Fact]
    public void A_follower_commits_no_further_than_the_entries_it_was_vouched_for()
    {
        var lab = new Lab(3);
        LogEntry Entry(ulong index) => new(index, 1, EntryKind.Command, Lab.Bytes($"{index}"));
        lab[2].Node.Step(new AppendRequest(new(1), new(2), 1, 0, 0, 0, [Entry(1), Entry(2), Entry(3)]));

        // The leader of term 2 knows only entry 1 to be shared; 2 and 3 here may not be its own.
        lab[2].Node.Step(new AppendRequest(new(3), new(2), 2, 1, 1, 3, []));
        Assert.Equal(1ul, lab[2].Node.Commit);
    }

    [Fact]
    public void Lost_requests_are_sent_again()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        leader.Propose("first try");
        lab.Settle(drop: m => m is AppendRequest { Entries.Count: > 0 });
        Assert.Empty(leader.Applied);
        lab.Run(3);
        Assert.All(lab.Members, m => Assert.Equal(["first try"], m.Applied));
    }

    [Fact]
    public void A_batch_that_was_overtaken_does_not_vouch_for_what_replaced_it()
    {
        var lab = new Lab(3);
        lab[2].DiskHeld = true;
        lab[2].Node.Step(new AppendRequest(
            new(1), new(2), 1, 0, 0, 0, [new(1, 1, EntryKind.Command, default), new(2, 1, EntryKind.Command, default)]));
        lab[2].Drive();
        lab[2].Node.Step(new AppendRequest(new(3), new(2), 2, 0, 0, 0, [new(1, 2, EntryKind.Command, default)]));
        lab[2].Drive();

        lab[2].FinishWrites(batches: 1);
        Assert.Equal(0ul, lab[2].Node.DurableIndex);
        lab[2].FinishWrites(batches: 1);
        Assert.Equal(1ul, lab[2].Node.DurableIndex);
    }

    [Fact]
    public void Too_much_uncommitted_is_answered_with_overload()
    {
        var lab = new Lab(3, configure: o => o with { MaxUncommittedBytes = 100 });
        var leader = lab.Elect(1);
        Assert.Equal(ProposeStatus.Appended, leader.Propose(new('a', 90)).Status);
        Assert.Equal(ProposeStatus.Overloaded, leader.Propose(new('b', 20)).Status);
        lab.Settle();
        Assert.Equal(ProposeStatus.Appended, leader.Propose(new('b', 20)).Status);
    }

    [Fact]
    public void A_proposal_that_is_too_large_is_refused_wherever_it_is_made()
    {
        var lab = new Lab(3, configure: options => options with { MaxEntryBytes = 5 });
        lab.Elect(1);
        Assert.Equal(ProposeStatus.TooLarge, lab[1].Propose("123456").Status);
        Assert.Equal(ProposeStatus.TooLarge, lab[2].Propose("123456").Status);

        // From a member that allows more.
        lab[1].Node.Step(new ForwardProposals(new(2), new(1), 1, [Lab.Bytes("123456"), Lab.Bytes("12345")]));
        lab.Settle();
        Assert.Equal(["12345"], lab[1].Applied);
    }

    [Fact]
    public void No_more_bytes_than_allowed_are_on_their_way_to_one_member()
    {
        var lab = new Lab(2, configure: options => options with { MaxInflightBytes = 10, MaxAppendEntries = 1 });
        lab.Elect(1);
        lab.Run(1);
        for (var i = 0; i < 6; i++)
        {
            lab[1].Propose("1234");
        }

        lab.Drive();

        // The third begins below the limit and crosses it; the fourth has to wait.
        Assert.Equal(3, lab.Wire.OfType<AppendRequest>().Count());
        lab.Settle();
        Assert.Equal(6, lab[2].Applied.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counting_a_commit_allocates_nothing(bool joint)
    {
        var lab = new Lab(voters: 3, learners: 2);
        lab.Elect(1);
        lab.Run(1);
        if (joint)
        {
            lab.Isolate(2);
            lab.Isolate(3);
            lab[1].Node.ChangeConfiguration(Lab.Voters(1, 4, 5));
            lab.Settle();
        }

        var node = lab[1].Node;
        for (var i = 0; i < 300; i++)
        {
            lab[1].Propose("w");
        }

        lab.Drive();
        var term = node.Term;
        var first = node.LastIndex - 299;
        var answers = Enumerable.Range(0, 300)
            .SelectMany(i => new[] { 2ul, 3ul, 4ul, 5ul }.Select(
                from => new AppendResponse(new(from), new(1), term, Rejected: false, first + (ulong)i, 0, 0)))
            .ToArray();
        var next = 0;
        while (next < 400)
        {
            node.Step(answers[next++]);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        while (next < 1_196)
        {
            node.Step(answers[next++]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(first + 298, node.Commit);
    }

    [Fact]
    public void A_follower_behind_the_log_gets_a_snapshot_and_goes_on_from_there()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Isolate(3);
        for (var i = 0; i < 20; i++)
        {
            leader.Propose($"c{i}");
        }

        lab.Settle();
        var snapshot = new SnapshotMeta(leader.Node.Commit, leader.Node.Term, lab.Configuration);
        leader.Node.Compact(snapshot, snapshot.Index);
        lab.Heal();
        lab.Run(4);
        var request = Assert.Single(leader.SnapshotsToSend);
        Assert.Equal(snapshot, request.Snapshot);

        lab[3].Node.Step(new SnapshotReceived(request.From, request.To, request.Term, request.Snapshot));
        lab.Settle();
        leader.Propose("after");
        lab.Settle();
        Assert.Equal(["after"], lab[3].Applied);
        Assert.Equal(leader.Node.Commit, lab[3].Node.Commit);
    }

    [Fact]
    public void A_snapshot_whose_acknowledgement_was_lost_does_not_stop_replication()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Isolate(3);
        leader.Propose("covered");
        lab.Settle();
        var snapshot = new SnapshotMeta(leader.Node.Commit, leader.Node.Term, lab.Configuration);
        leader.Node.Compact(snapshot, snapshot.Index);
        lab.Heal();
        lab.Run(4);
        lab[3].Node.Step(new SnapshotReceived(new(1), new(3), leader.Node.Term, snapshot));
        lab.Settle(drop: m => m is AppendResponse);
        leader.Node.SnapshotDelivered(new(3), snapshot.Index);
        leader.Propose("after");
        lab.Run(3);
        Assert.Equal(["after"], lab[3].Applied);
    }

    [Fact]
    public void A_member_restarts_with_its_log()
    {
        var lab = new Lab(3);
        lab.Elect(1).Propose("kept");
        lab.Settle();
        foreach (var member in lab.Members)
        {
            member.Restart();
        }

        lab.Run(40);
        Assert.All(lab.Members, m => Assert.Equal(["kept"], m.Applied));
    }
}
