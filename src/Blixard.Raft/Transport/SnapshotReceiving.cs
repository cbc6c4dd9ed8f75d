using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

/// <summary>
/// Takes a snapshot from another member into the store; the engine hears of it only when it is on stable storage. What
/// came before a connection broke is kept, and asked for no more. One at a time: a newer leader's, or the same member's
/// next attempt, ends the one before.
/// </summary>
internal sealed partial class SnapshotReceiving(
    TransportOptions options, SnapshotStore snapshots, TimeProvider time, ILogger logger)
{
    private const int MaxReasonBytes = 512;

    private readonly Lock _gate = new();
    private Turn? _current;

    /// <exception cref="ProtocolException">What came is not the snapshot that was offered: it is not used.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task ReceiveAsync(
        Stream stream, FrameReader reader, MemberId peer, ITransportEvents events, CancellationToken cancellationToken)
    {
        using var stall = new StallTimeout(options.SnapshotStallTimeout, time, cancellationToken);
        string refusal;
        try
        {
            var first = await NextAsync(reader, FrameType.SnapshotOffer, stall.Token);
            var offer = SnapshotFrames.ReadOffer(first.Span);
            using var turn = await TakeTurnAsync(peer, offer.Term, stall.Token);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, turn.Token);
            await ReceiveAsync(stream, reader, peer, offer, stall, either.Token);
            events.SnapshotArrived(
                new(peer, options.Self, offer.Term, offer.Meta) { ToObserver = offer.ToObserver });
            await stream.WriteAsync(
                Handshake.Single(FrameType.SnapshotStored, options.ClusterId, []), stall.Token);
            return;
        }
        catch (Exception e) when (e is InvalidDataException or ProtocolException)
        {
            refusal = e.Message;
        }
        catch (NoSpaceException e)
        {
            LogNoSpace(peer, e.Message);
            refusal = e.Message;
        }
        catch (StorageFailedException e)
        {
            events.StorageFailed(e);
            refusal = e.Message;
        }

        // So that the log of whoever sends says what is wrong; it tries again later.
        var reason = Encoding.UTF8.GetBytes(refusal);
        await stream.WriteAsync(
            Handshake.Single(
                FrameType.Refusal, options.ClusterId, reason.AsSpan(0, Math.Min(reason.Length, MaxReasonBytes))),
            stall.Token);
        throw new ProtocolException(refusal);
    }

    private async Task ReceiveAsync(
        Stream stream,
        FrameReader reader,
        MemberId peer,
        SnapshotOffer offer,
        StallTimeout stall,
        CancellationToken cancellationToken)
    {
        if (snapshots.Contains(offer.Meta))
        {
            // The answer to the attempt before was lost.
            return;
        }

        using var part = OnDisk(() => snapshots.ReceiveInParts(offer.Meta, offer.Length, offer.Checksum));
        LogReceiving(offer.Meta.Index, offer.Length, peer, part.Received);
        await TellAsync(stream, part, cancellationToken);
        while (part.Received < offer.Length)
        {
            var body = await NextAsync(reader, FrameType.SnapshotPart, cancellationToken);
            var content = SnapshotFrames.ReadPart(body, part.Received, offer.Length - part.Received);
            OnDisk(() => part.Append(content.Span));
            stall.Progress();
            await TellAsync(stream, part, cancellationToken);
        }

        OnDisk(part.Commit);
        LogReceived(offer.Meta.Index, offer.Length, peer);
    }

    private async ValueTask TellAsync(Stream stream, PartialSnapshot part, CancellationToken cancellationToken) =>
        await stream.WriteAsync(SnapshotFrames.Through(options.ClusterId, part.Received), cancellationToken);

    /// <summary>Waits until nobody else receives.</summary>
    /// <exception cref="ProtocolException">Somebody else has the right to.</exception>
    private async Task<Turn> TakeTurnAsync(MemberId peer, ulong term, CancellationToken cancellationToken)
    {
        var mine = new Turn(this, peer, term);
        while (true)
        {
            Turn? other;
            lock (_gate)
            {
                other = _current;
                if (other is null)
                {
                    return _current = mine;
                }
            }

            if (other.Peer != peer && other.Term >= term)
            {
                throw new ProtocolException($"a snapshot of member {other.Peer} is being received");
            }

            // Its connection may be long dead without a sign.
            await other.EndAsync(cancellationToken);
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> NextAsync(
        FrameReader reader, FrameType wanted, CancellationToken cancellationToken) =>
        await reader.ReadAsync(cancellationToken) switch
        {
            var (type, body) when type == wanted => body,
            var (type, _) => throw new ProtocolException($"frame type {(byte)type} where {(byte)wanted} belongs"),
            null => throw new EndOfStreamException("the connection ended within a snapshot"),
        };

    private static void OnDisk(Action act) => OnDisk(() =>
    {
        act();
        return true;
    });

    /// <summary>What the disk throws is not what the connection throws: after it the member must end.</summary>
    private static T OnDisk<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (IOException e) when (e is not NoSpaceException)
        {
            throw new StorageFailedException($"a snapshot that was received could not be stored: {e.Message}", e);
        }
    }

    [LoggerMessage(
        LogLevel.Information, "Receiving snapshot {Index}, {Bytes} bytes, from {Peer}; {Kept} are here already")]
    private partial void LogReceiving(ulong index, long bytes, MemberId peer, long kept);

    [LoggerMessage(LogLevel.Information, "Received snapshot {Index}, {Bytes} bytes, from {Peer}")]
    private partial void LogReceived(ulong index, long bytes, MemberId peer);

    [LoggerMessage(LogLevel.Error, "A snapshot of {Peer} can't be taken, and is asked for again later: {Reason}")]
    private partial void LogNoSpace(MemberId peer, string reason);

    private sealed class Turn(SnapshotReceiving owner, MemberId peer, ulong term) : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public MemberId Peer => peer;

        public ulong Term => term;

        public CancellationToken Token => _stop.Token;

        public Task EndAsync(CancellationToken cancellationToken)
        {
            _stop.Cancel();
            return _ended.Task.WaitAsync(cancellationToken);
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._current = null;
            }

            _ended.TrySetResult();
        }
    }
}
