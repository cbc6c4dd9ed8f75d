using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

public sealed class DoorbellTests
{
    private readonly Doorbell _bell = new();
    private int _turns;

    [Fact]
    public void Whoever_rings_runs_what_the_loop_does_next()
    {
        var loop = LoopAsync(turns: 3);
        Assert.Equal(0, _turns);

        _bell.Ring();
        Assert.Equal(1, _turns);
        _bell.Ring();
        _bell.Ring();

        Assert.Equal(3, _turns);
        Assert.True(loop.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_ring_while_the_loop_is_awake_is_not_lost_and_many_are_one()
    {
        _bell.Ring();
        _bell.Ring();

        Assert.True(_bell.WaitAsync().AsTask().IsCompletedSuccessfully);
        Assert.False(_bell.WaitAsync().AsTask().IsCompleted);
    }

    private async Task LoopAsync(int turns)
    {
        while (_turns < turns)
        {
            await _bell.WaitAsync();
            _turns++;
        }
    }
}
