using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>A leader that does not know yet that it is none any more.</summary>
[Collection(nameof(ThreeHosts))]
public sealed class OldLeaderTests(ThreeHosts hosts, ITestOutputHelper output)
{
    /// <summary>
    /// Requests that came while the process was stopped wait in its sockets: they are the first that it sees, before it
    /// can have heard of the other leader.
    /// </summary>
    [Fact]
    public async Task A_leader_that_was_stopped_for_longer_than_an_election_answers_no_old_value_and_loses_no_write()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var old = await hosts.LeaderAsync();
        var other = hosts.All.First(m => m != old);
        var note = new Note("stopped");
        var writer = new Writer(hosts, "stopped", TimeSpan.FromMilliseconds(10));
        writer.Start(clients: 4);
        await note.WriteAsync(old, "before");
        await old.PauseDaemonAsync();
        Task<string>[] reads;
        try
        {
            await LedByAnotherAsync(other, old);
            await note.WriteAsync(other, "after");
            reads = [.. Enumerable.Range(0, 20).Select(_ => note.ReadAsync(old))];
            await Task.Delay(200);
        }
        finally
        {
            await old.ResumeDaemonAsync();
        }

        output.WriteLine($"{await OnlyNewAsync(reads)} of {reads.Length} reads were answered, all with the new value");
        await writer.StopAsync();
        await hosts.WholeAsync();
        Assert.Equal("after", await note.ReadAsync(old));
        await writer.NothingIsLostAsync();
        await note.RemoveAsync(other);
    }

    /// <summary>Deaf: its heartbeats arrive, no answer comes back. Mute: it hears all and is heard by none.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_leader_with_a_link_in_one_direction_is_replaced_and_answers_no_old_value(bool deaf)
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var old = await hosts.LeaderAsync();
        Member[] others = [.. hosts.All.Where(m => m != old)];
        var note = new Note("one-way");
        await note.WriteAsync(old, "before");
        await EachWayAsync("cut");
        try
        {
            await LedByAnotherAsync(others[0], old);
            await note.WriteAsync(others[0], "after");
            Task<string>[] reads = [.. Enumerable.Range(0, 8).Select(_ => note.ReadAsync(old))];
            Assert.Equal(0, await OnlyNewAsync(reads));
        }
        finally
        {
            await EachWayAsync("join");
        }

        await hosts.WholeAsync();
        Assert.Equal("after", await note.ReadAsync(old));
        await note.RemoveAsync(old);

        Task EachWayAsync(string verb) => Task.WhenAll(others.Select(other => deaf
            ? Hosts.RunAsync(verb, "--one-way", other.Name, old.Name)
            : Hosts.RunAsync(verb, "--one-way", old.Name, other.Name)));
    }

    private static Task LedByAnotherAsync(Member seenBy, Member old) =>
        Eventually.HoldsAsync("another leads", TimeSpan.FromSeconds(10), async () =>
            (await seenBy.Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.Leader is { } leader
                && leader != old.Name);

    /// <returns>How many were answered; the others were refused, which is as good.</returns>
    private static async Task<int> OnlyNewAsync(IEnumerable<Task<string>> reads)
    {
        var answered = 0;
        foreach (var read in reads)
        {
            try
            {
                Assert.Equal("after", await read);
                answered++;
            }
            catch (ProblemException e)
            {
                Assert.Contains(e.Problem.Type, new[] { ProblemTypes.NoLeader, ProblemTypes.NotReady });
            }
            catch (EndpointUnreachableException)
            {
                // It takes longer than a client waits.
            }
        }

        return answered;
    }
}
