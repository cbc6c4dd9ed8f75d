using System.Net;
using System.Net.Sockets;
using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Transport;

public sealed class TcpTransportTests
{
    [Fact]
    public async Task The_end_of_a_member_is_told_to_those_it_spoke_to()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 1);
        await bench.StopAsync(1);
        await bench.UntilAsync(() => bench.Told[2].Disconnected.Contains(new(1)));
    }

    [Fact]
    public async Task Messages_arrive_in_the_order_in_which_they_were_sent()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 0);
        for (ulong i = 1; i <= 3000; i++)
        {
            bench[1].Send(new ReadIndexRequest(new(1), new(2), 1, i));
        }

        await bench.UntilAsync(() => bench.Told[2].Received.OfType<ReadIndexRequest>().LastOrDefault()?.Context == 3000);
        Assert.Equal(
            Enumerable.Range(1, 3000).Select(i => (ulong)i),
            bench.Told[2].Received.OfType<ReadIndexRequest>().Select(m => m.Context).Where(c => c > 0));
    }

    [Fact]
    public async Task Messages_to_several_peers_that_are_sent_together_all_arrive_in_order()
    {
        await using var bench = new TcpBench(3);
        for (var member = 1; member <= 3; member++)
        {
            bench.Start(member);
        }

        await Task.WhenAll(bench.SayUntilHeardAsync(1, 2, 0), bench.SayUntilHeardAsync(1, 3, 0));

        for (ulong i = 0; i < 100; i++)
        {
            bench[1].Send([.. Enumerable.Range(1, 6).Select(n =>
                new ReadIndexRequest(new(1), new(n <= 2 || n == 6 ? 2UL : 3UL), 1, (i * 6) + (ulong)n))]);
        }

        foreach (var (peer, last, places) in new[] { (2, 600UL, new[] { 1, 2, 0 }), (3, 599UL, [3, 4, 5]) })
        {
            ulong[] Heard() =>
                [.. bench.Told[peer].Received.OfType<ReadIndexRequest>().Select(m => m.Context).Where(c => c > 0)];
            await bench.UntilAsync(() => Heard().LastOrDefault() == last);
            Assert.Equal(
                Enumerable.Range(1, 600).Where(n => places.Contains(n % 6)).Select(n => (ulong)n), Heard());
        }
    }

    [Fact]
    public async Task Both_sides_speak_at_once_and_large_requests_pass()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        bench.Start(2);
        await Task.WhenAll(bench.SayUntilHeardAsync(1, 2, 1), bench.SayUntilHeardAsync(2, 1, 2));
        var data = new byte[3 << 20];
        data.AsSpan().Fill(7);
        bench[1].Send(new AppendRequest(new(1), new(2), 1, 0, 0, 0, [new(1, 1, EntryKind.Command, data)]));
        await bench.UntilAsync(() => bench.Told[2].Received.OfType<AppendRequest>().Any());
        Assert.True(bench.Told[2].Received.OfType<AppendRequest>().Single().Entries[0].Data.Span.SequenceEqual(data));
    }

    [Fact]
    public async Task A_peer_that_is_started_again_is_found_again()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 1);
        await bench.StopAsync(2);
        await bench.UntilAsync(() =>
        {
            bench[1].Send(new ReadIndexRequest(new(1), new(2), 1, 9));
            return bench.Told[1].Unreachable.Contains(new(2));
        });
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 2);
    }

    [Fact]
    public async Task A_member_of_another_cluster_is_not_heard()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, cluster: 42);
        bench.Start(2, cluster: 43);
        await bench.UntilAsync(() =>
        {
            bench[1].Send(new ReadIndexRequest(new(1), new(2), 1, 1));
            return bench.Told[1].Unreachable.Count > 1;
        });
        Assert.Empty(bench.Told[2].Received);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]
    [InlineData("short")]
    public async Task Bytes_that_are_no_greeting_end_their_connection_and_nothing_else(string garbage)
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        bench.Start(2);
        using (var stranger = new TcpClient())
        {
            await stranger.ConnectAsync(IPAddress.Loopback, bench.PortOf(1), bench.Limit);
            var stream = stranger.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(garbage), bench.Limit);
            stranger.Client.Shutdown(SocketShutdown.Send);
            var buffer = new byte[1024];
            try
            {
                while (await stream.ReadAsync(buffer, bench.Limit) > 0)
                {
                }
            }
            catch (IOException)
            {
                // Reset: closed as well.
            }
        }

        await bench.SayUntilHeardAsync(2, 1, 1);
        Assert.All(bench.Told[1].Received, m => Assert.Equal(new MemberId(2), m.From));
    }

    [Fact]
    public async Task A_message_in_another_members_name_ends_the_connection()
    {
        await using var bench = new TcpBench(3);
        bench.Start(1);
        using var connection = await bench.ConnectAsync(from: 2, to: 1);
        var forged = new ByteWriter();
        var start = Frame.Begin(forged, FrameType.TimeoutNow, 42);
        MessageCodec.Write(new TimeoutNow(new(3), new(1), 9), forged);
        Frame.End(forged, start);
        await connection.Stream.WriteAsync(forged.Written, bench.Limit);
        await bench.EndAsync(connection);
        Assert.Empty(bench.Told[1].Received);
    }

    [Fact]
    public async Task A_frame_with_a_flipped_bit_is_not_used()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        using var connection = await bench.ConnectAsync(from: 2, to: 1);
        var frame = new ByteWriter();
        var start = Frame.Begin(frame, FrameType.HeartbeatRequest, 42);
        MessageCodec.Write(new HeartbeatRequest(new(2), new(1), 9, 1, 1), frame);
        Frame.End(frame, start);
        var bytes = frame.Written.ToArray();
        bytes[^3] ^= 4;
        await connection.Stream.WriteAsync(bytes, bench.Limit);
        await bench.EndAsync(connection);
        Assert.Empty(bench.Told[1].Received);
    }

    [Fact]
    public async Task More_than_the_queue_holds_is_dropped_and_told()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1, configure: o => o with { MaxQueuedBytes = 1 << 20 });
        bench.Start(2);
        await bench.SayUntilHeardAsync(1, 2, 1);
        var before = bench.Told[1].Unreachable.Count;
        bench[1].Send(new ForwardProposals(new(1), new(2), 1, [new byte[2 << 20]]));
        await bench.UntilAsync(() =>
        {
            bench[1].Send(new ForwardProposals(new(1), new(2), 1, [new byte[2 << 20]]));
            return bench.Told[1].Unreachable.Count > before;
        });
        await bench.SayUntilHeardAsync(1, 2, 2);
    }

    [Fact]
    public void A_port_that_is_taken_is_said_at_once()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var directory = Directory.CreateTempSubdirectory("blixard-taken");
        var error = Assert.Throws<IOException>(() => new TcpTransport(
            new() { ClusterId = 1, Self = new(1), Listen = (IPEndPoint)taken.LocalEndPoint! },
            new([]),
            new(PosixFileSystem.Instance, directory.FullName, NullLogger<SnapshotStore>.Instance),
            TimeProvider.System,
            NullLogger<TcpTransport>.Instance));
        directory.Delete(recursive: true);
        Assert.Contains("can't listen on 127.0.0.1", error.Message, StringComparison.Ordinal);
    }
}
