using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

/// <summary>
/// Takes a snapshot from a leader into the store; the engine hears of it only when it is on stable storage. One at a
/// time: two leaders may both want to send theirs.
/// </summary>
internal sealed partial class SnapshotReceiving(
    TransportOptions options, SnapshotStore snapshots, TimeProvider time, ILogger logger)
{
    private int _busy;

    /// <exception cref="ProtocolException">What came is not one whole snapshot; nothing is kept.</exception>
    public async Task ReceiveAsync(
        Stream stream, FrameReader reader, MemberId peer, ITransportEvents events, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _busy, 1) == 1)
        {
            throw new ProtocolException("another snapshot is being received");
        }

        try
        {
            using var stall = new StallTimeout(options.SnapshotStallTimeout, time, cancellationToken);
            var begin = await NextAsync(reader, FrameType.SnapshotBegin, stall);
            var (term, length, checksum, meta) = ReadBegin(begin.Span);
            LogReceiving(meta.Index, length, peer);
            using (var receiver = snapshots.BeginReceive(meta))
            {
                for (var left = length; left > 0;)
                {
                    var part = await NextAsync(reader, FrameType.SnapshotPart, stall);
                    if (part.IsEmpty || part.Length > left)
                    {
                        throw new ProtocolException($"a part of {part.Length} bytes, where {left} are left");
                    }

                    await receiver.Content.WriteAsync(part, stall.Token);
                    left -= part.Length;
                    stall.Progress();
                }

                receiver.Commit(length, checksum);
            }

            events.SnapshotArrived(new(peer, options.Self, term, meta));
            await stream.WriteAsync(
                Handshake.Single(FrameType.SnapshotStored, options.ClusterId, []), stall.Token);
        }
        catch (InvalidDataException e)
        {
            throw new ProtocolException(e.Message);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> NextAsync(
        FrameReader reader, FrameType wanted, StallTimeout stall) =>
        await reader.ReadAsync(stall.Token) switch
        {
            var (type, body) when type == wanted => body,
            var (type, _) => throw new ProtocolException($"frame type {(byte)type} where {(byte)wanted} belongs"),
            null => throw new ProtocolException("the connection ended within a snapshot"),
        };

    private static (ulong Term, long Length, uint Checksum, SnapshotMeta Meta) ReadBegin(ReadOnlySpan<byte> body)
    {
        var source = new ByteReader(body);
        var (term, length, checksum) = (source.U64(), source.U64(), source.U32());
        if (length > long.MaxValue)
        {
            throw new ProtocolException($"a snapshot of {length} bytes");
        }

        try
        {
            var meta = SnapshotMetaCodec.Decode(source.Bytes(source.U32()));
            source.End();
            return (term, (long)length, checksum, meta);
        }
        catch (FormatException e)
        {
            throw new ProtocolException(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Receiving snapshot {Index}, {Bytes} bytes, from {Peer}")]
    private partial void LogReceiving(ulong index, long bytes, MemberId peer);
}
