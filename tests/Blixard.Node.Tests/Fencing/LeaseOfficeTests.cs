using Blixard.Node.Fencing;
using Blixard.Node.Replication;
using Blixard.Node.Tests.Agent;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;

namespace Blixard.Node.Tests.Fencing;

/// <summary>What the leader makes of a renewal, and what it remembers of it.</summary>
public sealed class LeaseOfficeTests
{
    private const string Boot = "boot-1";

    private readonly FakeCluster _cluster = new("n1");
    private readonly AppliedState _applied = new();
    private readonly FakeClocks _clocks = new();
    private readonly ReceiptTable _receipts = new();
    private readonly OneEngine _engine = new();
    private readonly LeaseOffice _office;

    public LeaseOfficeTests()
    {
        _office = new(_engine, _applied, _receipts, _clocks, new FakeTime());
        _cluster.Raise(CommandVersions.ManagedVms);
        Assert.IsType<Applied>(_cluster.Apply(
            new() { RejoinNode = new() { Node = "n1", Epoch = 1, BootId = Boot, KillBudgetMs = 5000 } }, "n1"));
        Catch();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_renewal_is_granted_the_clusters_term_and_its_receipt_is_remembered()
    {
        var received = ClockReading.Now(_clocks);

        var answer = await AskAsync(Question());

        Assert.Equal(
            (RenewalVerdict.Granted, 30_000L, 77L, 1ul, _applied.Current.Index),
            (answer!.Verdict, answer.TermMs, answer.SentAt, answer.Epoch, answer.Index));
        Assert.Equal(received, _receipts.Latest(_engine.Status.Term, "n1", 1));
    }

    [Fact]
    public async Task The_receipt_counts_from_before_the_round_and_the_answer_waits_for_what_it_confirmed()
    {
        var received = ClockReading.Now(_clocks);
        _engine.Ahead = 1;
        var asking = AskAsync(Question());
        _clocks.Advance(TimeSpan.FromSeconds(3));
        Assert.False(asking.IsCompleted);

        // What was agreed on meanwhile counts: the node is suspect by it.
        Assert.IsType<Applied>(_cluster.Apply(
            new() { DecidedTerm = 1, SuspectNode = new() { Node = "n1", Epoch = 1, Reason = "late" } }, "n1"));
        Catch();

        Assert.Equal(RenewalVerdict.Suspect, (await asking)!.Verdict);
        Assert.Null(_receipts.Latest(_engine.Status.Term, "n1", 1));
        _engine.Ahead = 0;
        Assert.IsType<Applied>(_cluster.Apply(
            new()
            {
                DecidedTerm = 1,
                ClearSuspect = new() { Node = "n1", Epoch = 1, Suspect = _cluster.State.Index },
            },
            "n1"));
        Catch();
        await AskAsync(Question());
        Assert.NotEqual(received, _receipts.Latest(_engine.Status.Term, "n1", 1));
    }

    [Fact]
    public async Task A_leader_that_lost_its_term_meanwhile_answers_nothing_and_remembers_nothing()
    {
        _engine.Ahead = 1;
        var asking = AskAsync(Question());
        _engine.Status = _engine.Status with { Term = 4 };
        _cluster.Raise(CommandVersions.ManagedVms);
        Catch();

        Assert.Null(await asking);
        Assert.Null(_receipts.Latest(3, "n1", 1));
        Assert.Null(_receipts.Latest(4, "n1", 1));
    }

    [Fact]
    public async Task From_the_leaders_own_proposal_to_suspect_a_node_on_nothing_is_acknowledged()
    {
        _receipts.Suspect(_engine.Status.Term, "n1", 1);
        Assert.Equal(RenewalVerdict.Suspect, (await AskAsync(Question()))!.Verdict);

        _receipts.Clear(_engine.Status.Term, "n1", 1);
        Assert.Equal(RenewalVerdict.Granted, (await AskAsync(Question()))!.Verdict);
    }

    [Fact]
    public async Task Bytes_that_are_no_renewal_get_no_answer()
    {
        Assert.Null(await _office.AnswerAsync(default, "what?"u8.ToArray(), Token));
        Assert.Null(await _office.AnswerAsync(default, "{\"node\":\"n1\"}"u8.ToArray(), Token));
        Assert.Null(await _office.AnswerAsync(default, default, Token));
    }

    [Fact]
    public void Receipts_belong_to_one_leadership_and_the_latest_counts()
    {
        Assert.True(_receipts.TryAcknowledge(3, "n1", 1, new(100, 200)));
        Assert.True(_receipts.TryAcknowledge(3, "n1", 1, new(90, 190)));
        Assert.Equal(new ClockReading(100, 200), _receipts.Latest(3, "n1", 1));
        Assert.Null(_receipts.Latest(3, "n1", 2));

        Assert.True(_receipts.TryAcknowledge(4, "n2", 1, new(300, 400)));
        Assert.Null(_receipts.Latest(3, "n1", 1));
        Assert.Null(_receipts.Latest(4, "n1", 1));

        // An answer that was on its way in the term before.
        Assert.False(_receipts.TryAcknowledge(3, "n1", 1, new(500, 600)));
    }

    private static RenewalQuestion Question() => new()
    {
        Node = "n1",
        Epoch = 1,
        BootId = Boot,
        Incarnation = "i1",
        SentAt = 77,
        KillBudgetMs = 5000,
        WatchdogMs = 0,
    };

    private void Catch()
    {
        _applied.Publish(_cluster.State);
        _engine.Commit = _cluster.State.Index;
    }

    private async Task<RenewalAnswer?> AskAsync(RenewalQuestion question) =>
        await _office.AnswerAsync(default, RenewalJson.Bytes(question), Token) is { } bytes
            ? RenewalJson.Answer(bytes)
            : null;

    /// <summary>Leads, and confirms reads at once.</summary>
    private sealed class OneEngine : IRaftEngine
    {
        private static readonly MemberId Self = new(1);

        public ulong Commit { get; set; }

        /// <summary>So many entries are committed that are not applied here yet.</summary>
        public ulong Ahead { get; set; }

        public RaftStatus Status { get; set; } = new(
            Self, RaftRole.Leader, Self, 3, 0, 0, 0, 1, 0, 0, Configuration.Of([Self]), CanServe: true, Peers: []);

        public Task<ulong> ReadIndexAsync(CancellationToken cancellationToken) => Task.FromResult(Commit + Ahead);

        public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer) => throw new NotSupportedException();

        public Task<ProposeResult> ProposeAsLeaderAsync(
            ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ReadOnlyMemory<byte>> AskLeaderAsync(
            ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<MembershipResult> ChangeMembersAsync(
            Configuration target, ulong onlyInTerm, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
