using Blixard.Node.Hosting;
using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Node.Tests.Hosting;

public sealed class ProgressTests
{
    private readonly Progress _progress = new();

    [Fact]
    public void A_loop_that_ticks_turns() =>
        Assert.Equal([true, true, true], [Look(1, 0, 0), Look(2, 0, 0), Look(9, 0, 0)]);

    [Fact]
    public void A_loop_that_handles_no_tick_hangs() =>
        Assert.Equal([true, false, true], [Look(5, 0, 0), Look(5, 0, 0), Look(6, 0, 0)]);

    [Fact]
    public void What_is_committed_must_get_applied() => Assert.Equal(
        [true, false, true, true],
        [Look(1, commit: 10, applied: 3), Look(2, commit: 20, applied: 3), Look(3, commit: 20, applied: 4), Look(4, 20, 20)]);

    private bool Look(long ticks, ulong commit, ulong applied) => _progress.Turned(ticks, new RaftStatus(
        new MemberId(1), RaftRole.Leader, new MemberId(1), 1, commit, applied, commit, 1, commit, 0, Configuration.Empty, true, []));
}
