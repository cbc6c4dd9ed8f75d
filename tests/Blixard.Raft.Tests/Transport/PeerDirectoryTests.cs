using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

public sealed class PeerDirectoryTests
{
    private static readonly PeerAddress Two = new(new(2), "n2", "host2", 7481);

    [Fact]
    public void What_was_set_stands_against_what_a_member_says_of_itself()
    {
        var directory = new PeerDirectory([Two]);
        var told = new List<PeerAddress>();
        directory.Learned += told.Add;
        directory.Learn(new(2), "elsewhere", 7481);
        Assert.Equal(Two, directory.Find(new(2)));
        Assert.Equal([Two with { Host = "elsewhere" }], told);
        directory.Learn(new(2), "host2", 7481);
        Assert.Single(told);
    }

    [Fact]
    public void What_was_learned_is_replaced_by_what_is_learned_later_until_it_is_set()
    {
        var directory = new PeerDirectory([]);
        directory.Learn(new(2), "first", 1);
        directory.Learn(new(2), "second", 2);
        Assert.Equal("second", directory.Find(new(2))!.Host);
        directory.Set(Two);
        directory.Learn(new(2), "third", 3);
        Assert.Equal(Two, directory.Find(new(2)));
        directory.Remove(new(2));
        directory.Learn(new(2), "fourth", 4);
        Assert.Equal("fourth", directory.Find(new(2))!.Host);
    }

    [Fact]
    public void A_watcher_is_told_of_all_there_are_and_of_each_change_once()
    {
        var directory = new PeerDirectory([Two]);
        var told = new List<string>();
        void Tell(MemberId member, PeerAddress? address) => told.Add($"{member.Value} {address?.Host}");
        directory.Watch(Tell);
        directory.Set(Two);
        directory.Set(Two with { Host = "moved" });
        directory.Set(new(new(3), "n3", "host3", 1));
        directory.Remove(new(2));
        directory.Remove(new(2));
        directory.Unwatch(Tell);
        directory.Remove(new(3));
        Assert.Equal(["2 host2", "2 moved", "3 host3", "2 "], told);
        Assert.Empty(directory.All);
    }

    [Fact]
    public async Task A_member_that_is_added_at_run_time_is_dialled_and_heard()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, knows: [1]);
        bench.Start(2, knows: [2]);
        bench[1].Send(new ReadIndexRequest(new(1), new(2), 1, 5));
        Assert.Contains(new MemberId(2), bench.Told[1].Unreachable);
        bench.Directories[1].Set(new(new(2), "n2", "127.0.0.1", bench.PortOf(2)));
        await bench.SayUntilHeardAsync(1, 2, 6);
        await bench.SayUntilHeardAsync(2, 1, 7);
    }

    [Fact]
    public async Task A_member_that_moves_is_found_at_its_new_address()
    {
        await using var bench = new TcpBench(3);
        bench.Start(1, knows: [1]);
        bench.Directories[1].Set(new(new(2), "n2", "127.0.0.1", bench.PortOf(3)));

        // Nobody is there yet.
        await bench.UntilAsync(
            () => bench.Logs[1].Lines.Any(line => line.Contains("No connection", StringComparison.Ordinal)));
        bench.Start(2, knows: [2]);
        bench.Directories[1].Set(new(new(2), "n2", "127.0.0.1", bench.PortOf(2)));
        await bench.SayUntilHeardAsync(1, 2, 1);
    }

    [Fact]
    public async Task The_connections_of_a_member_that_is_removed_are_closed_in_both_directions()
    {
        await using var bench = new TcpBench(2);
        var removed = false;
        bench.Start(1, configure: o => o with { IsRemoved = member => Volatile.Read(ref removed) });
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 1);
        await bench.SayUntilHeardAsync(2, 1, 1);
        Volatile.Write(ref removed, true);
        bench.Directories[1].Remove(new(2));
        await bench.UntilAsync(
            () => bench.Logs[2].Lines.Any(
                line => line.Contains("was removed from this cluster", StringComparison.Ordinal)));
        bench[1].Send(new ReadIndexRequest(new(1), new(2), 1, 5));
        Assert.Contains(new MemberId(2), bench.Told[1].Unreachable);
    }
}
