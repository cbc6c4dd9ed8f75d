using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Raft.Tests.Host;

/// <summary>What members ask the leader beside the log.</summary>
public sealed class LeaderQuestionsTests
{
    [Fact]
    public async Task Every_member_gets_the_leaders_answer_the_leader_too()
    {
        await using var bench = await ClusterAsync();
        var leader = await bench.LeaderAsync();

        foreach (var id in (int[])[1, 2, 3])
        {
            Assert.Equal($"{leader} to {id}: hello", await AskAsync(bench, id, 0));
        }
    }

    [Fact]
    public async Task A_question_comes_through_another_member_where_the_way_to_the_leader_is_cut()
    {
        await using var bench = await ClusterAsync();
        var leader = await bench.LeaderAsync();
        var (asker, other) = leader switch { 1 => (2, 3), 2 => (3, 1), _ => (1, 2) };
        bench.Network.Cut(new((ulong)asker), new((ulong)leader));
        bench.Network.Cut(new((ulong)leader), new((ulong)asker));

        Assert.Equal($"{leader} to {asker}: hello", await AskAsync(bench, asker, other));
    }

    [Fact]
    public async Task Without_an_answer_the_asker_waits_until_it_gives_up()
    {
        await using var bench = await ClusterAsync();
        var leader = await bench.LeaderAsync();
        var asker = leader % 3 + 1;
        bench[leader].LeaderOffice = new Silent();
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => bench[asker].AskLeaderAsync("hello"u8.ToArray(), default, limit.Token));
    }

    [Fact]
    public async Task A_member_that_knows_no_leader_says_so()
    {
        await using var bench = new HostBench(3);
        var leader = await bench.LeaderAsync();
        bench.Network.Isolate(new((ulong)leader), bench.Ids);
        while (bench[leader].Status.Leader != MemberId.None)
        {
            await Task.Delay(10, bench.Limit);
        }

        await Assert.ThrowsAsync<NoLeaderException>(
            () => bench[leader].AskLeaderAsync("hello"u8.ToArray(), default, bench.Limit));
    }

    private static async Task<HostBench> ClusterAsync()
    {
        var bench = new HostBench(3);
        foreach (var id in (int[])[1, 2, 3])
        {
            bench[id].LeaderOffice = new Echo(id);
        }

        await bench.WriteAsync(1, "a leader is there");
        return bench;
    }

    private static async Task<string> AskAsync(HostBench bench, int id, int via)
    {
        var answer = await bench[id].AskLeaderAsync("hello"u8.ToArray(), new((ulong)via), bench.Limit);
        return Encoding.UTF8.GetString(answer.Span);
    }

    private sealed class Echo(int id) : ILeaderOffice
    {
        public Task<ReadOnlyMemory<byte>?> AnswerAsync(
            MemberId asker, ReadOnlyMemory<byte> question, CancellationToken cancellationToken) =>
            Task.FromResult<ReadOnlyMemory<byte>?>(
                Encoding.UTF8.GetBytes($"{id} to {asker.Value}: {Encoding.UTF8.GetString(question.Span)}"));
    }

    private sealed class Silent : ILeaderOffice
    {
        public Task<ReadOnlyMemory<byte>?> AnswerAsync(
            MemberId asker, ReadOnlyMemory<byte> question, CancellationToken cancellationToken) =>
            Task.FromResult<ReadOnlyMemory<byte>?>(null);
    }
}
