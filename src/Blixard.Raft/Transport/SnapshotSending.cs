using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>
/// Sends a stored snapshot whole, over a connection of its own, so that heartbeats never wait behind it.
/// <code>
/// begin  = u64 term, u64 length, u32 CRC32C, u32 length of meta, meta
/// part   = bytes
/// </code>
/// </summary>
internal sealed class SnapshotSending(
    TransportOptions options, Dialer dialer, SnapshotStore snapshots, TimeProvider time)
{
    private const int PartBytes = 256 << 10;

    /// <exception cref="SnapshotTransferException">It did not arrive.</exception>
    public async Task<SnapshotMeta> SendAsync(
        InstallSnapshotRequest request, PeerAddress peer, CancellationToken cancellationToken)
    {
        try
        {
            using var file = snapshots.OpenForSending(request.Snapshot.Index)
                ?? throw new SnapshotTransferException($"there is no snapshot at or after {request.Snapshot.Index}");
            using var connection = await dialer.DialAsync(peer, ConnectionPurpose.Snapshot, cancellationToken);
            using var stall = new StallTimeout(options.SnapshotStallTimeout, time, cancellationToken);
            await connection.Stream.WriteAsync(Begin(request, file), stall.Token);
            var part = new byte[PartBytes];
            int read;
            while ((read = await file.Content.ReadAsync(part, stall.Token)) > 0)
            {
                await connection.Stream.WriteAsync(
                    Handshake.Single(FrameType.SnapshotPart, options.ClusterId, part.AsSpan(0, read)), stall.Token);
                stall.Progress();
            }

            return await connection.Reader.ReadAsync(stall.Token) switch
            {
                (FrameType.SnapshotStored, _) => file.Meta,
                _ => throw new SnapshotTransferException($"{peer} did not store snapshot {file.Meta.Index}"),
            };
        }
        catch (Exception e) when (
            Sockets.IsLinkFailure(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new SnapshotTransferException($"snapshot for {peer}: {e.Message}", e);
        }
    }

    private ReadOnlyMemory<byte> Begin(InstallSnapshotRequest request, SnapshotFile file)
    {
        var body = new ByteWriter(256);
        var start = Frame.Begin(body, FrameType.SnapshotBegin, options.ClusterId);
        body.U64(request.Term);
        body.U64((ulong)file.Length);
        body.U32(file.Checksum);
        body.U32((uint)SnapshotMetaCodec.SizeOf(file.Meta));
        SnapshotMetaCodec.Write(file.Meta, body.Take(SnapshotMetaCodec.SizeOf(file.Meta)));
        Frame.End(body, start);
        return body.Written;
    }
}
