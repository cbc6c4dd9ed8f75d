using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>
/// Sends a stored snapshot over a connection of its own (<see cref="SnapshotFrames"/>): at a bounded rate, with a
/// bounded part of it on the way, from where the receiver has come to. Heartbeats never wait behind it.
/// </summary>
internal sealed class SnapshotSending(
    TransportOptions options, Dialer dialer, SnapshotStore snapshots, TimeProvider time)
{
    private readonly TokenBucket _rate = new(
        options.SnapshotBytesPerSecond,
        burst: Math.Max(SnapshotFrames.MaxPartBytes, options.SnapshotBytesPerSecond / 16),
        time);

    /// <exception cref="SnapshotTransferException">It did not arrive.</exception>
    /// <exception cref="SnapshotCorruptException">The stored snapshot is damaged; nothing was sent.</exception>
    public async Task<SnapshotMeta> SendAsync(
        InstallSnapshotRequest request, PeerAddress peer, CancellationToken cancellationToken)
    {
        using var file = snapshots.OpenForSending(request.Snapshot.Index)
            ?? throw new SnapshotTransferException($"there is no snapshot at or after {request.Snapshot.Index}");

        // A damaged one would be refused at its very end, time and again.
        file.Verify();
        try
        {
            using var connection = await dialer.DialAsync(peer, ConnectionPurpose.Snapshot, cancellationToken);
            using var stall = new StallTimeout(options.SnapshotStallTimeout, time, cancellationToken);
            var offer = new SnapshotOffer(request.Term, request.ToObserver, file.Length, file.Checksum, file.Meta);
            await connection.Stream.WriteAsync(SnapshotFrames.Offer(options.ClusterId, offer), stall.Token);
            if (await ThroughAsync(connection, 0, file.Length, stall) is { } begin)
            {
                await SendAsync(connection, file, begin, stall);
            }

            return file.Meta;
        }
        catch (Exception e) when (
            Sockets.IsLinkFailure(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new SnapshotTransferException($"snapshot {file.Meta.Index} for {peer}: {e.Message}", e);
        }
    }

    private async Task SendAsync(PeerConnection connection, SnapshotFile file, long begin, StallTimeout stall)
    {
        var part = new ByteWriter(Frame.HeaderBytes + SnapshotFrames.MaxPartBytes + 64);
        var (sent, through) = (begin, begin);
        while (true)
        {
            if (sent < file.Length && sent - through < options.SnapshotWindowBytes)
            {
                var bytes = (int)Math.Min(SnapshotFrames.MaxPartBytes, file.Length - sent);
                await _rate.TakeAsync(bytes, stall.Token);
                part.Clear();
                var (start, content) = SnapshotFrames.BeginPart(part, options.ClusterId, sent, bytes);
                if (file.Read(sent, content.Span) < bytes)
                {
                    throw new SnapshotCorruptException(file.Path, sent, $"{file.Length} bytes of content");
                }

                Frame.End(part, start);
                await connection.Stream.WriteAsync(part.Written, stall.Token);
                sent += bytes;
            }
            else if (await ThroughAsync(connection, through, sent, stall) is { } more)
            {
                through = more;
            }
            else
            {
                if (through < file.Length)
                {
                    throw new ProtocolException($"it says that {through} of {file.Length} bytes are all");
                }

                return;
            }

            stall.Progress();
        }
    }

    /// <summary>What the receiver has; null: all of it, on stable storage.</summary>
    private static async Task<long?> ThroughAsync(PeerConnection connection, long from, long to, StallTimeout stall) =>
        await connection.Reader.ReadAsync(stall.Token) switch
        {
            (FrameType.SnapshotThrough, var body) => SnapshotFrames.ReadThrough(body.Span, from, to),
            (FrameType.SnapshotStored, { IsEmpty: true }) => null,
            (FrameType.Refusal, var body) =>
                throw new SnapshotTransferException($"refused: {Encoding.UTF8.GetString(body.Span)}"),
            (var type, _) => throw new ProtocolException($"frame type {(byte)type} in answer to a snapshot"),
            null => throw new ProtocolException("the connection ended within a snapshot"),
        };
}
