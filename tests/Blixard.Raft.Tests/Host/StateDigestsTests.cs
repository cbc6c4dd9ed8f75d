using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.Raft.Tests.Transport;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Host;

public sealed class StateDigestsTests : IDisposable
{
    private const ulong At = StateDigests.Interval;

    private readonly RaftMetrics _metrics = new();
    private readonly KeptLog _log = new();
    private readonly Outbox _outbox = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void Equal_states_say_nothing()
    {
        var (core, digests) = Leader(voters: 3);
        digests.Applied(At, 1, 5, core);
        digests.Receive(Digest(2, At, 5), core);
        digests.Receive(Digest(3, At, 5), core);
        Assert.Empty(_outbox.Sent);
        Assert.Empty(_log.Lines);
        Assert.Null(digests.DivergedAt);
    }

    [Fact]
    public void A_member_against_a_majority_is_told_and_the_difference_logged_once()
    {
        var (core, digests) = Leader(voters: 3);
        digests.Receive(Digest(2, At, 6), core);
        digests.Applied(At, 1, 5, core);
        Assert.Empty(_outbox.Sent);
        digests.Receive(Digest(3, At, 5), core);
        var verdict = Assert.IsType<StateVerdict>(Assert.Single(_outbox.Sent));
        Assert.Equal(
            (new MemberId(2), At, 6ul, 5ul, true),
            (verdict.To, verdict.Index, verdict.Digest, verdict.Others, verdict.IsWrong));
        Assert.Null(digests.DivergedAt);
        var line = Assert.Single(_log.Lines);
        Assert.StartsWith("Critical", line, StringComparison.Ordinal);
        Assert.Contains("index 1024", line, StringComparison.Ordinal);
        Assert.Contains($"{5:x16}", line, StringComparison.Ordinal);
        Assert.Contains($"{6:x16}", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leader_against_a_majority_stops()
    {
        var (core, digests) = Leader(voters: 3);
        digests.Applied(At, 1, 5, core);
        digests.Receive(Digest(2, At, 6), core);
        var stop = Assert.Throws<StateDivergedException>(() => digests.Receive(Digest(3, At, 6), core));
        Assert.Contains("join it as a new node", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_five_two_that_agree_are_no_majority()
    {
        var (core, digests) = Leader(voters: 5);
        digests.Applied(At, 1, 5, core);
        digests.Receive(Digest(2, At, 5), core);
        digests.Receive(Digest(3, At, 6), core);
        Assert.Empty(_outbox.Sent);
        digests.Receive(Digest(4, At, 5), core);
        Assert.Equal(new MemberId(3), Assert.Single(_outbox.Sent).To);
    }

    [Fact]
    public void Of_two_nobody_knows_who_is_right_and_both_say_so()
    {
        var (core, digests) = Leader(voters: 2);
        digests.Applied(At, 1, 5, core);
        digests.Receive(Digest(2, At, 6), core);
        Assert.Equal(At, digests.DivergedAt);
        var verdict = Assert.IsType<StateVerdict>(Assert.Single(_outbox.Sent));
        Assert.False(verdict.IsWrong);

        var (other, told) = Member(2);
        told.Applied(At, 1, 6, other);
        told.Receive(verdict);
        Assert.Equal(At, told.DivergedAt);

        // It is replaced: from then on they agree.
        for (ulong i = 2; i < 7; i++)
        {
            digests.Applied(i * At, 1, 9, core);
            digests.Receive(Digest(2, i * At, 9), core);
        }

        Assert.Null(digests.DivergedAt);
    }

    [Fact]
    public void Where_the_third_is_away_it_is_said_at_the_next_index()
    {
        var (core, digests) = Leader(voters: 3);
        digests.Applied(At, 1, 5, core);
        digests.Receive(Digest(2, At, 6), core);
        Assert.Null(digests.DivergedAt);
        digests.Applied(2 * At, 1, 7, core);
        Assert.Equal(At, digests.DivergedAt);
    }

    [Fact]
    public void A_member_sends_the_leader_its_digest_and_stops_when_it_is_wrong()
    {
        var (core, digests) = Member(2);
        digests.Applied(At, 1, 6, core);
        Assert.Equal(Digest(2, At, 6) with { Term = core.Term, To = new(1) }, Assert.Single(_outbox.Sent));

        // About what it did not say, or said otherwise: an earlier life of it.
        digests.Receive(new StateVerdict(new(1), new(2), 1, 2 * At, 6, 5, IsWrong: true));
        digests.Receive(new StateVerdict(new(1), new(2), 1, At, 7, 5, IsWrong: true));
        var stop = Assert.Throws<StateDivergedException>(
            () => digests.Receive(new StateVerdict(new(1), new(2), 1, At, 6, 5, IsWrong: true)));
        Assert.Equal(At, stop.Index);
    }

    [Fact]
    public void A_new_leader_compares_with_what_it_applied_before_it_led()
    {
        var (core, digests) = Member(1, leader: 2);
        digests.Applied(At, 1, 5, core);
        _outbox.Sent.Clear();
        var lead = Leader(voters: 3).Core;
        digests.Receive(Digest(2, At, 5), lead);
        digests.Receive(Digest(3, At, 6), lead);
        Assert.Equal(new MemberId(3), Assert.Single(_outbox.Sent).To);
    }

    [Fact]
    public void What_is_remembered_is_bounded()
    {
        var (core, digests) = Leader(voters: 3);
        for (ulong i = 1; i < 1000; i++)
        {
            digests.Receive(Digest(2, i * At, i), core);
        }

        // Long forgotten: nothing to compare with.
        digests.Applied(At, 1, 99, core);
        Assert.Empty(_log.Lines);
        digests.Receive(Digest(2, 5, 1), core);
        digests.Receive(Digest(3, 5, 2), core);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task A_member_whose_state_goes_another_way_stops_and_the_others_go_on()
    {
        await using var bench = new HostBench(3);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var wrong = (leader % 3) + 1;
        bench.Machine(wrong).Diverge();
        var stopped = bench[wrong].Completion;
        while (!stopped.IsCompleted)
        {
            await bench.WriteAsync(leader, $"line {bench.Machine(leader).Lines.Count}");
        }

        var reason = await Assert.ThrowsAsync<StateDivergedException>(() => stopped);
        Assert.Equal(0ul, reason.Index % StateDigests.Interval);
        await bench.WriteAsync(leader, "after");
        Assert.Null(bench[leader].Status.DivergedAt);
    }

    private (RaftNode Core, StateDigests Digests) Leader(int voters)
    {
        var members = Configuration.Of(Enumerable.Range(1, voters).Select(i => new MemberId((ulong)i)));
        var core = new RaftNode(new() { Self = new(1), Seed = 1 }, new(default, new(0, 0, members), []));
        while (core.Role != RaftRole.Leader)
        {
            core.Tick();
            while (core.HasReady)
            {
                var ready = core.TakeReady();
                core.Persisted(ready.Batch);
                foreach (var request in ready.Messages.Concat(ready.AfterDurable).OfType<VoteRequest>())
                {
                    core.Step(new VoteResponse(request.To, new(1), request.Term, request.PreVote, Granted: true));
                }
            }
        }

        return (core, new(new(1), _outbox, _metrics, _log));
    }

    private (RaftNode Core, StateDigests Digests) Member(ulong id, ulong leader = 1)
    {
        var core = new RaftNode(
            new() { Self = new(id), Seed = 1 },
            new(default, new(0, 0, Configuration.Of(new(1), new(2), new(3))), []));
        core.Step(new HeartbeatRequest(new(leader), new(id), 3, 0, 0));
        return (core, new(new(id), _outbox, _metrics, _log));
    }

    private static StateDigest Digest(ulong from, ulong index, ulong digest) =>
        new(new(from), new(1), 1, index, 1, digest);

    private sealed class Outbox : IRaftTransport
    {
        public List<Message> Sent { get; } = [];

        public void Start(ITransportEvents events)
        {
        }

        public void Send(Message message) => Sent.Add(message);

        public void Send(IReadOnlyList<Message> messages) => Sent.AddRange(messages);

        public Task<SnapshotMeta> SendSnapshotAsync(
            InstallSnapshotRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
