using Blixard.Node.Fencing;
using Blixard.Node.Tests.Agent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;
using Blixard.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Fencing;

public sealed class LeaseKeeperTests : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(LeaseProfile.Standard.RenewMs);

    private readonly FenceRoom _room = new();
    private readonly FakeTime _time = new();
    private readonly FakeCluster _cluster = new("n1");
    private readonly FakeLine _line;
    private readonly FakeSlice _slice = new();
    private readonly FakeWatchdogs _watchdogs = new();
    private readonly LeaseViewStore _views = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public LeaseKeeperTests()
    {
        _line = new(_cluster, _room);
        _cluster.Raise(CommandVersions.ManagedVms);
        _room.DefineFence("0");
        _room.Tried.Note();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NodeLease Lease => _cluster.State.Nodes["n1"].Lease;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
        _room.Dispose();
    }

    [Fact]
    public async Task A_node_joins_with_what_its_fence_can_do_and_then_renews_in_every_interval()
    {
        _watchdogs.LongestMs = 10_000;
        Run();

        await AskedAsync(1);
        Assert.Equal((1ul, LeaseStanding.Active, FenceRoom.Boot, 5000u, 10_000u),
            (Lease.Epoch, Lease.Standing, Lease.BootId, Lease.KillBudgetMs, Lease.WatchdogMs));
        await LeaseAsync(lease => lease?.Epoch == 1);
        var first = _room.DeadMan.Current!;
        Assert.Equal(first.SentAt + 30_000_000, first.Deadline);

        await NextAsync();
        await AskedAsync(2);
        await LeaseAsync(lease => lease!.SentAt > first.SentAt);
        Assert.Single(_room.Pid1.Timers);
        Assert.True(_views.Current.KnownFrom > 0);
    }

    [Fact]
    public async Task What_an_earlier_lease_left_is_out_of_the_way_before_the_node_joins_again()
    {
        _slice.IsEmpty = false;
        _room.Grants.Issue(new("web1", GatePolicy.Strict, 12, 1));
        _room.Grants.Issue(new("local", GatePolicy.None, 13, 1));
        _room.File.Replace(new(1, 1, long.MaxValue / 2));
        Run();

        await ToldAsync("left in blixard-strict.slice");
        Assert.Equal(LeaseStanding.None, Lease.Standing);
        Assert.Null(_room.File.Read());
        Assert.Equal(["local"], _room.Grants.Granted());

        _slice.IsEmpty = true;
        await NextAsync(TimeSpan.FromSeconds(1));
        await AskedAsync(1);
        Assert.Equal(LeaseStanding.Active, Lease.Standing);
    }

    [Fact]
    public async Task A_node_that_was_fenced_comes_back_in_the_next_epoch()
    {
        Run();
        await AskedAsync(1);
        Decide(new() { SuspectNode = new() { Node = "n1", Epoch = 1, Reason = "late" } });
        var suspected = _cluster.State.Index;
        Decide(new() { FenceNode = new() { Node = "n1", Epoch = 1, Suspect = suspected, Reason = "late" } });

        await NextAsync();
        await LeaseAsync(lease => lease?.Epoch == 2);

        Assert.Equal((2ul, LeaseStanding.Active), (Lease.Epoch, Lease.Standing));
        Assert.Equal(2ul, _room.File.Read()!.Value.Epoch);
    }

    [Fact]
    public async Task A_suspect_goes_on_renewing_and_its_deadline_stays()
    {
        Run();
        await LeaseAsync(lease => lease is not null);
        var lease = _room.DeadMan.Current;
        Decide(new() { SuspectNode = new() { Node = "n1", Epoch = 1, Reason = "late" } });

        await NextAsync();
        await ToldAsync("suspect since");

        Assert.Equal(lease, _room.DeadMan.Current);
        await NextAsync();
        await AskedAsync(3);
    }

    [Fact]
    public async Task Figures_that_have_grown_are_told_to_the_cluster()
    {
        Run();
        await LeaseAsync(lease => lease is not null);
        _watchdogs.LongestMs = 60_000;

        await NextAsync();
        await _cluster.UntilAsync(state => state.Nodes["n1"].Lease.WatchdogMs == 60_000, Token);
    }

    [Fact]
    public async Task Without_an_answer_the_deadline_stays_and_is_not_moved_by_anybody()
    {
        Run();
        await LeaseAsync(lease => lease is not null);
        var lease = _room.DeadMan.Current;
        _line.Silent = true;

        await NextAsync();
        await ToldAsync("does not answer");

        Assert.Equal(lease, _room.DeadMan.Current);
        Assert.Equal(lease!.Deadline, _room.File.Read()!.Value.Deadline);
    }

    [Fact]
    public async Task A_fence_that_does_not_work_takes_no_part()
    {
        _room.Pid1.Change(DeadMan.ServiceOf("0"), fence => fence with { FailureAction = "none" });
        Run();

        await ToldAsync("the fence does not work");

        Assert.Equal(LeaseStanding.None, Lease.Standing);
        Assert.Empty(_line.Asked);
    }

    [Fact]
    public async Task Before_the_cluster_can_have_leases_nothing_is_asked()
    {
        var old = new FakeCluster("n1");
        var running = Keeper(old).RunAsync(_stop.Token);
        await Task.Yield();
        Assert.False(running.IsCompleted);
        Assert.Empty(_line.Asked);
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private void Run() => _running = Keeper(_cluster).RunAsync(_stop.Token);

    private LeaseKeeper Keeper(FakeCluster cluster) => new(
        new("n1", FenceRoom.Boot, "i1"),
        cluster,
        _line,
        _room.DeadMan,
        new(_room.DeadMan, _room.Pid1, _room.Pid1, _room.Clocks, _room.Paths, _room.Tried, _room.Metrics, _time),
        _slice,
        _room.File,
        _room.Grants,
        _watchdogs,
        _room.Clocks,
        _views,
        _time,
        NullLogger<LeaseKeeper>.Instance);

    private void Decide(Command command)
    {
        command.DecidedTerm = 1;
        Assert.IsType<Applied>(_cluster.Apply(command, "n1"));
    }

    private Task AskedAsync(int times) => UntilAsync(() => _line.Asked.Count >= times);

    private Task LeaseAsync(Func<Lease?, bool> holds) => UntilAsync(() => holds(_views.Current.Current));

    private Task ToldAsync(string problem) =>
        UntilAsync(() => _views.Current.Problem.Contains(problem, StringComparison.Ordinal));

    private async Task NextAsync(TimeSpan? after = null)
    {
        await UntilAsync(() => _time.Armed > 0);
        _room.Clocks.Advance(after ?? Interval);
        _time.Advance(after ?? Interval);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            Token.ThrowIfCancellationRequested();
            await Task.Delay(1, Token);
        }
    }

    /// <summary>Answers as a leader does that has all the state there is.</summary>
    private sealed class FakeLine(FakeCluster cluster, FenceRoom room) : IRenewalLine
    {
        public List<RenewalQuestion> Asked { get; } = [];

        public bool Silent { get; set; }

        public Task<RenewalAnswer?> AskAsync(
            RenewalQuestion question, TimeSpan patience, CancellationToken cancellationToken)
        {
            room.DefineFence($"{question.SentAt}");
            lock (Asked)
            {
                Asked.Add(question);
            }

            var state = cluster.State;
            var (verdict, reason) = Renewals.Judge(
                state, new(question.Node, question.Epoch, question.BootId, question.KillBudgetMs, question.WatchdogMs));
            return Task.FromResult(Silent ? null : new RenewalAnswer
            {
                SentAt = question.SentAt,
                Epoch = question.Epoch,
                Verdict = verdict,
                TermMs = verdict == RenewalVerdict.Granted ? state.Terms.GrantMs(0) : 0,
                Index = state.Index,
                Reason = reason,
            });
        }
    }

    private sealed class FakeSlice : IStrictSlice
    {
        public bool IsEmpty { get; set; } = true;
    }

    private sealed class FakeWatchdogs : IWatchdogs
    {
        public uint LongestMs { get; set; }
    }
}
