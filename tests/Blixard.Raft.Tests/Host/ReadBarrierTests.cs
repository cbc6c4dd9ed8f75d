using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Raft.Tests.Host;

public sealed class ReadBarrierTests
{
    [Fact]
    public async Task An_answer_to_an_earlier_life_confirms_no_read_of_this_one()
    {
        var core = new RaftNode(
            new() { Self = new(1), Seed = 1, ElectionTicks = 10 },
            new(default, new(0, 0, Configuration.Of(new(1), new(2), new(3))), []));
        var barrier = new ReadBarrier(core, first: 700, retryTicks: 10, timeoutTicks: 100);
        var read = new TaskCompletionSource<ulong>();
        barrier.Add(read);
        barrier.Flush();

        // The first read of whoever was here before, had it drawn another beginning.
        barrier.Confirmed(new(1, 17));
        Assert.False(read.Task.IsCompleted);

        barrier.Confirmed(new(700, 18));
        Assert.Equal(18ul, await read.Task);
    }
}
