using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Tests.Storage;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

public sealed class SnapshotStreamTests
{
    private static readonly SnapshotMeta Meta = new(17, 4, Configuration.Of([new(1), new(2)]));

    [Fact]
    public async Task A_snapshot_of_twenty_megabytes_arrives_whole_and_durable()
    {
        await using var bench = new TcpBench(2);
        var content = Content(20 << 20);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write(content));
        bench.Start(1);
        bench.Start(2);
        var sent = await bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit);
        Assert.Equal(Meta, sent);
        var arrived = Assert.Single(bench.Told[2].Snapshots);
        Assert.Equal((5ul, Meta), (arrived.Term, arrived.Snapshot));
        Assert.Equal(content, Stored(bench, 2));
        Assert.Equal(["0000000000000011-0000000000000004.snap"], Names(bench, 2));
    }

    [Fact]
    public async Task An_empty_state_is_a_snapshot_too()
    {
        await using var bench = new TcpBench(2);
        bench.SnapshotsOf(1).Save(Meta, _ => { });
        bench.Start(1);
        bench.Start(2);
        await bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit);
        Assert.Empty(Stored(bench, 2));
    }

    [Fact]
    public async Task A_snapshot_that_breaks_off_goes_on_where_it_was()
    {
        await using var bench = new TcpBench(2);
        var content = Content(1 << 20);
        bench.SnapshotsOf(2).Save(Meta, stream => stream.Write(content));
        bench.Start(1);
        using (var connection = await OfferAsync(bench, Offer(content)))
        {
            Assert.Equal(0, await ThroughAsync(bench, connection));
            await PartAsync(bench, connection, 0, content.AsMemory(0, 100_000));
            Assert.Equal(100_000, await ThroughAsync(bench, connection));
        }

        Assert.Empty(bench.Told[1].Snapshots);
        using (var again = await OfferAsync(bench, Offer(content)))
        {
            Assert.Equal(100_000, await ThroughAsync(bench, again));
        }

        // And by the real sender, to its end; also after the receiver was started again.
        await bench.StopAsync(1);
        bench.Start(1);
        bench.Start(2);
        await bench[2].SendSnapshotAsync(new(new(2), new(1), 5, Meta), bench.Limit);
        Assert.Contains(
            bench.Logs[1].Lines, line => line.Contains("100000 are here already", StringComparison.Ordinal));
        Assert.Equal(content, Stored(bench, 1));
        Assert.Equal(["0000000000000011-0000000000000004.snap"], Names(bench, 1));
    }

    [Fact]
    public async Task Another_snapshot_begins_anew_and_of_the_one_before_nothing_is_kept()
    {
        await using var bench = new TcpBench(2);
        var (first, second) = (Content(1000), Content(2000));
        bench.Start(1);
        using (var connection = await OfferAsync(bench, Offer(first)))
        {
            await ThroughAsync(bench, connection);
            await PartAsync(bench, connection, 0, first.AsMemory(0, 500));
            Assert.Equal(500, await ThroughAsync(bench, connection));
        }

        using var newer = await OfferAsync(bench, Offer(second) with { Meta = Meta with { Index = 18 } });
        Assert.Equal(0, await ThroughAsync(bench, newer));
        Assert.StartsWith("0000000000000012", Assert.Single(Names(bench, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_was_damaged_on_disk_is_noticed_at_the_end_and_thrown_away()
    {
        await using var bench = new TcpBench(2);
        var content = Content(1000);
        bench.Start(1);
        using (var connection = await OfferAsync(bench, Offer(content)))
        {
            await ThroughAsync(bench, connection);
            await PartAsync(bench, connection, 0, content.AsMemory(0, 500));
            await ThroughAsync(bench, connection);
        }

        await bench.UntilAsync(() => IsClosed(bench, 1));
        var partial = Path.Combine(bench.DirectoryOf(1), Names(bench, 1).Single());
        var bytes = await File.ReadAllBytesAsync(partial, bench.Limit);
        bytes[77] ^= 1;
        await File.WriteAllBytesAsync(partial, bytes, bench.Limit);
        using (var again = await OfferAsync(bench, Offer(content)))
        {
            Assert.Equal(500, await ThroughAsync(bench, again));
            await PartAsync(bench, again, 500, content.AsMemory(500));
            await ThroughAsync(bench, again);
            Assert.Contains("with checksum", await RefusalAsync(bench, again), StringComparison.Ordinal);
        }

        Assert.Empty(Names(bench, 1));
        Assert.Empty(bench.Told[1].Snapshots);
    }

    [Fact]
    public async Task What_is_stored_already_is_not_sent_again()
    {
        await using var bench = new TcpBench(2);
        var content = Content(1000);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write(content));
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer(content));
        Assert.Equal(FrameType.SnapshotStored, (await connection.Reader.ReadAsync(bench.Limit))?.Type);
        Assert.Single(bench.Told[1].Snapshots);
    }

    [Theory]
    [InlineData(5ul, "a part at offset 5, where 0 is next")]
    [InlineData(ulong.MaxValue, "where 0 is next")]
    public async Task A_part_that_belongs_elsewhere_is_refused(ulong offset, string reason)
    {
        await using var bench = new TcpBench(2);
        var content = Content(1000);
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer(content));
        await ThroughAsync(bench, connection);
        await PartAsync(bench, connection, unchecked((long)offset), content);
        Assert.Contains(reason, await RefusalAsync(bench, connection), StringComparison.Ordinal);
        await bench.EndAsync(connection);
    }

    [Theory]
    [InlineData(0, "a part of 0 bytes, where 1000 are left")]
    [InlineData(1001, "a part of 1001 bytes, where 1000 are left")]
    public async Task A_part_that_is_empty_or_longer_than_what_was_offered_is_refused(int bytes, string reason)
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer(Content(1000)));
        await ThroughAsync(bench, connection);
        await PartAsync(bench, connection, 0, new byte[bytes]);
        Assert.Contains(reason, await RefusalAsync(bench, connection), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_above_the_largest_is_refused()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer(Content(1 << 20)));
        await ThroughAsync(bench, connection);
        await PartAsync(bench, connection, 0, new byte[SnapshotFrames.MaxPartBytes + 1]);
        Assert.Contains("a part of 262145 bytes", await RefusalAsync(bench, connection), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_with_a_flipped_bit_ends_the_connection_and_is_not_kept()
    {
        await using var bench = new TcpBench(2);
        var content = Content(1000);
        bench.Start(1);
        using (var connection = await OfferAsync(bench, Offer(content)))
        {
            await ThroughAsync(bench, connection);
            var part = Part(0, content).ToArray();
            part[200] ^= 8;
            await connection.Stream.WriteAsync(part, bench.Limit);
            Assert.Contains("checksum is wrong", await RefusalAsync(bench, connection), StringComparison.Ordinal);
        }

        using var again = await OfferAsync(bench, Offer(content));
        Assert.Equal(0, await ThroughAsync(bench, again));
    }

    [Fact]
    public async Task A_frame_that_does_not_belong_there_is_refused()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        using var first = await bench.ConnectAsync(2, 1, ConnectionPurpose.Snapshot);
        await first.Stream.WriteAsync(Part(0, Content(10)), bench.Limit);
        Assert.Contains("frame type 9 where 8 belongs", await RefusalAsync(bench, first), StringComparison.Ordinal);
        using var second = await OfferAsync(bench, Offer(Content(10)));
        await ThroughAsync(bench, second);
        await second.Stream.WriteAsync(SnapshotFrames.Offer(42, Offer(Content(10))), bench.Limit);
        Assert.Contains("frame type 8 where 9 belongs", await RefusalAsync(bench, second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_of_an_absurd_length_is_refused_before_anything_is_written()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer([]) with { Length = long.MaxValue });
        Assert.Contains("the most is", await RefusalAsync(bench, connection), StringComparison.Ordinal);
        Assert.Empty(Names(bench, 1));
    }

    [Fact]
    public async Task A_snapshot_that_does_not_fit_the_disk_is_refused_and_the_disk_left_as_it_was()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);

        // As much as may be offered; no test machine has that free.
        using var connection = await OfferAsync(bench, Offer([]) with { Length = SnapshotFrames.MaxLength });
        Assert.Contains(
            "no space left for snapshot 17", await RefusalAsync(bench, connection), StringComparison.Ordinal);
        Assert.Empty(Names(bench, 1));
        Assert.Contains(bench.Logs[1].Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Empty(bench.Told[1].Failures);
    }

    [Fact]
    public async Task A_disk_that_fails_is_told_to_the_member_and_nothing_is_kept()
    {
        var disk = new SimulatedFileSystem();
        await using var bench = new TcpBench(2) { Disk = disk };
        var content = Content(1000);
        bench.Start(1);
        using var connection = await OfferAsync(bench, Offer(content));
        await ThroughAsync(bench, connection);
        disk.FailNextSync = true;
        await PartAsync(bench, connection, 0, content);
        await ThroughAsync(bench, connection);
        Assert.Contains("could not be stored", await RefusalAsync(bench, connection), StringComparison.Ordinal);
        Assert.Single(bench.Told[1].Failures);
        Assert.Empty(bench.Told[1].Snapshots);
        Assert.Empty(disk.Files);
    }

    [Fact]
    public async Task Every_shortened_offer_is_refused()
    {
        await using var bench = new TcpBench(2);
        bench.Start(1);
        var whole = SnapshotFrames.Offer(42, Offer(Content(10)))[Frame.HeaderBytes..];
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<ProtocolException>(() => SnapshotFrames.ReadOffer(whole.Span[..length]));
        }

        Assert.Throws<ProtocolException>(() => SnapshotFrames.ReadOffer([.. whole.Span, 0]));
        using var connection = await bench.ConnectAsync(2, 1, ConnectionPurpose.Snapshot);
        await connection.Stream.WriteAsync(
            Handshake.Single(FrameType.SnapshotOffer, 42, whole.Span[..20]), bench.Limit);
        Assert.Contains("bytes", await RefusalAsync(bench, connection), StringComparison.Ordinal);
    }

    [Fact]
    public void The_bytes_of_the_stream_do_not_change()
    {
        Assert.Equal(
            "0500000000000000" + "01" + "0A00000000000000" + "78563412"
            + "25000000" + "1100000000000000" + "0400000000000000" + "010200000001000000000000000200000000000000",
            Convert.ToHexString(SnapshotFrames.Offer(42, new(5, true, 10, 0x12345678, Meta))[Frame.HeaderBytes..].Span));
        Assert.Equal(
            "0700000000000000" + "616263", Convert.ToHexString(Part(7, "abc"u8.ToArray())[Frame.HeaderBytes..].Span));
        Assert.Equal("0900000000000000", Convert.ToHexString(SnapshotFrames.Through(42, 9)[Frame.HeaderBytes..].Span));
    }

    [Theory]
    [InlineData(0, 10, 11)]
    [InlineData(5, 10, 4)]
    public void A_receiver_that_has_what_it_can_not_have_is_refused(long from, long to, long through)
    {
        var frame = SnapshotFrames.Through(42, through)[Frame.HeaderBytes..];
        Assert.Throws<ProtocolException>(() => SnapshotFrames.ReadThrough(frame.Span, from, to));
        Assert.Throws<ProtocolException>(() => SnapshotFrames.ReadThrough(frame.Span[1..], from, to));
    }

    [Fact]
    public async Task Of_two_who_send_the_one_of_the_newer_term_is_heard()
    {
        await using var bench = new TcpBench(3);
        var content = Content(1000);
        bench.Start(1);
        using var first = await OfferAsync(bench, Offer(content), from: 2);
        await ThroughAsync(bench, first);

        // The same term: whoever came first goes on.
        using var equal = await OfferAsync(bench, Offer(content), from: 3);
        Assert.Contains("is being received", await RefusalAsync(bench, equal), StringComparison.Ordinal);
        using var newer = await OfferAsync(bench, Offer(content) with { Term = 6 }, from: 3);
        Assert.Equal(0, await ThroughAsync(bench, newer));
        await bench.EndAsync(first);

        // The same member again: its connection broke, which nobody here has noticed.
        using var again = await OfferAsync(bench, Offer(content) with { Term = 6 }, from: 3);
        Assert.Equal(0, await ThroughAsync(bench, again));
        await PartAsync(bench, again, 0, content);
        Assert.Equal(1000, await ThroughAsync(bench, again));
        Assert.Equal(FrameType.SnapshotStored, (await again.Reader.ReadAsync(bench.Limit))?.Type);
        Assert.Equal(new MemberId(3), Assert.Single(bench.Told[1].Snapshots).From);
    }

    [Fact]
    public async Task No_more_than_the_window_is_on_the_way_to_a_receiver_that_is_silent()
    {
        await using var bench = new TcpBench(2);
        var content = Content(8 << 20);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write(content));
        bench.Start(1, configure: o => o with { SnapshotWindowBytes = 1 << 20 });
        using var listener = new Listener(bench.PortOf(2));
        var sending = bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit);
        using var connection = await listener.AcceptAsync(ConnectionPurpose.Snapshot, bench.Limit);
        Assert.Equal(FrameType.SnapshotOffer, (await connection.Reader.ReadAsync(bench.Limit))?.Type);
        await connection.Stream.WriteAsync(SnapshotFrames.Through(42, 0), bench.Limit);
        long came = 0;
        while (came < 1 << 20)
        {
            came += await NextPartAsync(connection, came, content, bench.Limit);
        }

        await connection.Stream.WriteAsync(SnapshotFrames.Through(42, 512 << 10), bench.Limit);
        while (came < 3 << 19)
        {
            came += await NextPartAsync(connection, came, content, bench.Limit);
        }

        // What was sent beyond the window would have to be read before the end.
        await connection.Stream.WriteAsync(Handshake.Single(FrameType.SnapshotStored, 42, []), bench.Limit);
        await bench.EndAsync(connection);
        var error = await Assert.ThrowsAsync<SnapshotTransferException>(() => sending);
        Assert.Contains("are all", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_to_a_member_that_is_removed_is_ended()
    {
        await using var bench = new TcpBench(2);
        var content = Content(8 << 20);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write(content));
        bench.Start(1);
        using var listener = new Listener(bench.PortOf(2));
        var sending = bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit);
        using var connection = await listener.AcceptAsync(ConnectionPurpose.Snapshot, bench.Limit);
        bench.Directories[1].Remove(new(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_damaged_snapshot_is_not_sent_and_the_file_is_named()
    {
        await using var bench = new TcpBench(2);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write(Content(1000)));
        var path = Directory.GetFiles(bench.DirectoryOf(1)).Single();
        var bytes = await File.ReadAllBytesAsync(path, bench.Limit);
        bytes[500] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, bench.Limit);
        bench.Start(1);
        bench.Start(2);
        var damage = await Assert.ThrowsAsync<SnapshotCorruptException>(
            () => bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit));
        Assert.Equal(path, damage.File);
    }

    [Fact]
    public async Task Sending_a_snapshot_to_nobody_says_so()
    {
        await using var bench = new TcpBench(2);
        bench.SnapshotsOf(1).Save(Meta, stream => stream.Write("state"u8));
        bench.Start(1);
        await Assert.ThrowsAsync<SnapshotTransferException>(
            () => bench[1].SendSnapshotAsync(new(new(1), new(2), 5, Meta), bench.Limit));
    }

    private static byte[] Content(int bytes)
    {
        var content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        return content;
    }

    private static SnapshotOffer Offer(byte[] content) =>
        new(5, ToObserver: false, content.Length, Crc32C.Of(content), Meta);

    private static ReadOnlyMemory<byte> Part(long offset, ReadOnlyMemory<byte> content)
    {
        var frame = new ByteWriter();
        var (start, target) = SnapshotFrames.BeginPart(frame, 42, offset, content.Length);
        content.CopyTo(target);
        Frame.End(frame, start);
        return frame.Written;
    }

    private static async Task<PeerConnection> OfferAsync(TcpBench bench, SnapshotOffer offer, ulong from = 2)
    {
        var connection = await bench.ConnectAsync(from, 1, ConnectionPurpose.Snapshot);
        await connection.Stream.WriteAsync(SnapshotFrames.Offer(42, offer), bench.Limit);
        return connection;
    }

    private static async Task PartAsync(
        TcpBench bench, PeerConnection connection, long offset, ReadOnlyMemory<byte> content) =>
        await connection.Stream.WriteAsync(Part(offset, content), bench.Limit);

    private static async Task<long> ThroughAsync(TcpBench bench, PeerConnection connection)
    {
        var (type, body) = (await connection.Reader.ReadAsync(bench.Limit))!.Value;
        Assert.Equal(FrameType.SnapshotThrough, type);
        return SnapshotFrames.ReadThrough(body.Span, 0, long.MaxValue);
    }

    private static async Task<string> RefusalAsync(TcpBench bench, PeerConnection connection)
    {
        var (type, body) = (await connection.Reader.ReadAsync(bench.Limit))!.Value;
        Assert.Equal(FrameType.Refusal, type);
        return Encoding.UTF8.GetString(body.Span);
    }

    private static async Task<long> NextPartAsync(
        PeerConnection connection, long at, byte[] content, CancellationToken cancellationToken)
    {
        var (type, body) = (await connection.Reader.ReadAsync(cancellationToken))!.Value;
        Assert.Equal(FrameType.SnapshotPart, type);
        var part = SnapshotFrames.ReadPart(body, at, content.Length - at);
        Assert.True(part.Span.SequenceEqual(content.AsSpan((int)at, part.Length)));
        return part.Length;
    }

    private static byte[] Stored(TcpBench bench, int id)
    {
        using var stored = bench.SnapshotsOf(id).OpenForSending(Meta.Index);
        using var read = new MemoryStream();
        stored!.Content.CopyTo(read);
        return read.ToArray();
    }

    private static string[] Names(TcpBench bench, int id) =>
        [.. Directory.GetFiles(bench.DirectoryOf(id)).Select(path => Path.GetFileName(path))];

    /// <summary>The member has let go of the connection that was cut.</summary>
    private static bool IsClosed(TcpBench bench, int id) =>
        bench.Logs[id].Lines.Any(line => line.Contains("ended:", StringComparison.Ordinal));
}
