using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Raft.Tests.Host;

public sealed class CompactionRuleTests
{
    private const int EntryBytes = 400;
    private const int Cost = EntryBytes + CompactionRule.EntryOverheadBytes;

    private static readonly RaftHostOptions Options = new()
    {
        Core = new() { Self = new(1), Seed = 1 },
        InitialConfiguration = Configuration.Of(new MemberId(1)),
        TrailingEntries = 50,
        TrailingBytes = 1000 * Cost,
        CatchUpBytes = 200 * Cost,
    };

    [Fact]
    public void The_trailing_entries_stay_when_nobody_is_behind()
    {
        Assert.Equal(950ul, Through(Options));
    }

    [Fact]
    public void Of_large_entries_fewer_trail()
    {
        Assert.Equal(990ul, Through(Options with { TrailingBytes = 10 * Cost }));
        Assert.Equal(1000ul, Through(Options with { TrailingBytes = Cost - 1 }));
    }

    [Fact]
    public void What_a_live_member_lacks_stays()
    {
        Assert.Equal(900ul, Through(Options, held: 900));
        Assert.Equal(950ul, Through(Options, held: 980));
        Assert.Equal(950ul, Through(Options, held: 5000));
    }

    [Fact]
    public void A_member_that_is_too_far_behind_gets_a_snapshot()
    {
        Assert.Equal(800ul, Through(Options, held: 100));
        Assert.Equal(950ul, Through(Options with { CatchUpBytes = 0 }, held: 100));
    }

    [Fact]
    public void Nothing_is_forgotten_that_is_not_there()
    {
        Assert.Equal(969ul, Through(Options, first: 970));
        Assert.Equal(1000ul, Through(Options with { TrailingEntries = 0 }));
        Assert.Equal(0ul, Through(Options with { TrailingEntries = 5000 }, first: 1));
    }

    private static ulong Through(RaftHostOptions options, ulong held = ulong.MaxValue, ulong first = 1) =>
        CompactionRule.Through(options, snapshot: 1000, first, held, _ => EntryBytes);
}
