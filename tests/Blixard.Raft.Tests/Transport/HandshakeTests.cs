using System.Net;
using System.Net.Sockets;
using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

public sealed class HandshakeTests
{
    [Fact]
    public async Task A_member_that_was_not_heard_of_is_welcome_and_can_be_reached_from_then_on()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, knows: [1]);
        bench.Start(2);
        await bench.SayUntilHeardAsync(2, 1, 1);
        await bench.SayUntilHeardAsync(1, 2, 2);
        Assert.Equal(
            new PeerAddress(new(2), $"{new MemberId(2)}", "127.0.0.1", bench.PortOf(2)),
            bench.Directories[1].Find(new(2)));
    }

    [Fact]
    public async Task A_member_that_was_removed_is_refused_with_the_reason_on_both_sides()
    {
        await using var bench = new TcpBench(2);
        var told = 0;
        bench.Start(1, configure: o => o with { IsRemoved = member => member == new MemberId(2) });
        bench.Start(2, configure: o => o with { SelfRemoved = () => Interlocked.Increment(ref told) });
        await bench.UntilAsync(
            () => Volatile.Read(ref told) > 0
                && bench.Logs[2].Lines.Any(line => line.Contains("was removed", StringComparison.Ordinal)));
        await bench.UntilAsync(
            () => bench.Logs[1].Lines.Any(line => line.Contains("was removed", StringComparison.Ordinal)));
        Assert.Empty(bench.Told[1].Received);
    }

    [Fact]
    public async Task A_member_that_took_part_and_says_it_is_new_is_not_listened_to_and_learns_why()
    {
        await using var bench = new TcpBench(2);
        var told = 0;
        bench.Start(1, configure: o => o with { HasTakenPart = member => member == new MemberId(2) });
        bench.Start(
            2,
            configure: o => o with
            {
                SelfIsNew = () => true,
                SelfIsKnown = () => Interlocked.Increment(ref told),
            });

        await bench.UntilAsync(() => Volatile.Read(ref told) > 1);
        Assert.Contains(
            bench.Logs[1].Lines, line => line.Contains("join as a new member", StringComparison.Ordinal));
        Assert.Empty(bench.Told[1].Received);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_member_that_is_new_and_one_that_does_not_say_so_are_welcome(bool isNew, bool tookPart)
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, configure: o => o with { HasTakenPart = _ => tookPart });
        bench.Start(2, configure: o => o with { SelfIsNew = () => isNew, SelfIsKnown = () => Assert.Fail("it is not") });

        await bench.SayUntilHeardAsync(2, 1, 1);
    }

    [Fact]
    public async Task Another_cluster_is_refused_and_both_sides_say_which()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, cluster: 42);
        bench.Start(2, cluster: 43);
        await bench.UntilAsync(() => ((int[])[1, 2]).All(id => bench.Logs[id].Lines.Any(
            line => line.Contains($"{42:x16}", StringComparison.Ordinal)
                && line.Contains($"{43:x16}", StringComparison.Ordinal))));
        Assert.Empty(bench.Told[1].Received);
        Assert.Empty(bench.Told[2].Received);
    }

    [Theory]
    [InlineData(1, 1, "two hosts have one identity")]
    [InlineData(0, 1, "does not say which member it is")]
    public async Task A_greeting_that_can_not_be_true_is_refused(ulong from, int to, string reason)
    {
        await using var bench = new TcpBench(1);
        bench.Start(1);
        var refused = await Assert.ThrowsAsync<ProtocolException>(() => bench.ConnectAsync(from, to));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        await bench.UntilAsync(() => bench.Logs[1].Lines.Any(line => line.Contains(reason, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_looks_for_another_member_is_refused()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, knows: [1]);

        // What listens at the address of member 2 is member 1.
        bench.Start(2, knows: [2]);
        bench.Directories[2].Set(new(new(3), "n3", "127.0.0.1", bench.PortOf(1)));
        await bench.UntilAsync(
            () => bench.Logs[2].Lines.Any(line => line.Contains("it looks for member", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("n1\nforged log line", 7481, "its address is not one")]
    [InlineData("n1 ", 7481, "its address is not one")]
    [InlineData("", 7481, "a port without a host")]
    [InlineData("n1", 0, "a host without a port")]
    public async Task An_address_that_is_none_is_refused_and_not_learned(string host, int port, string reason)
    {
        await using var bench = new TcpBench(1);
        bench.Start(1);
        var refused = await Assert.ThrowsAsync<ProtocolException>(
            () => bench.ConnectAsync(9, 1, host: host, port: port));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Null(bench.Directories[1].Find(new(9)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 255)]
    public async Task A_member_that_speaks_other_versions_only_is_refused_whatever_follows(byte min, byte max)
    {
        await using var bench = new TcpBench(1);
        bench.Start(1);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, bench.PortOf(1), bench.Limit);
        var stream = client.GetStream();
        await stream.WriteAsync(Handshake.Single(FrameType.Hello, 42, [min, max, 1, 2, 3]), bench.Limit);
        var answer = await new FrameReader(stream, 42).ReadAsync(bench.Limit);
        Assert.Equal(FrameType.Refusal, answer?.Type);
        Assert.Contains(
            $"it speaks versions {min} to {max} of the protocol, this member 2 to 2",
            Encoding.UTF8.GetString(answer!.Value.Body.Span),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_shortened_greeting_is_refused()
    {
        await using var bench = new TcpBench(1);
        bench.Start(1);
        var whole = new ByteWriter();
        Handshake.Write(new(new(2), new(1), ConnectionPurpose.Messages, "n2", 7481), whole);
        for (var length = 0; length < whole.Length; length++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, bench.PortOf(1), bench.Limit);
            var stream = client.GetStream();
            await stream.WriteAsync(
                Handshake.Single(FrameType.Hello, 42, whole.Written.Span[..length]), bench.Limit);
            var answer = await new FrameReader(stream, 42).ReadAsync(bench.Limit);
            Assert.Equal(FrameType.Refusal, answer?.Type);
        }
    }

    [Fact]
    public void The_bytes_of_a_greeting_do_not_change()
    {
        var greeting = new ByteWriter();
        Handshake.Write(new(new(0x1122334455667788), new(0x99), ConnectionPurpose.Snapshot, "n2", 7481), greeting);
        Assert.Equal("02020288776655443322119900000000000000391D026E32", Convert.ToHexString(greeting.Written.Span));
    }

    [Fact]
    public void An_advertised_address_that_others_would_refuse_is_refused_here()
    {
        var error = Assert.Throws<ArgumentException>(() => new TcpTransport(
            new() { ClusterId = 1, Self = new(1), Listen = new(IPAddress.Loopback, 0), AdvertisedHost = "a b" },
            new([]),
            null!,
            TimeProvider.System,
            new KeptLog()));
        Assert.Contains("a b", error.Message, StringComparison.Ordinal);
    }
}
