using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// Has snapshots sent that the core asks for, one at a time to each peer, and ends those that are no longer wanted.
/// Used by the host's loop alone.
/// </summary>
internal sealed partial class SnapshotDispatch(
    IRaftTransport transport, Action<HostEvent> post, TimeSpan retry, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly SortedDictionary<MemberId, Sending> _sending = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Ends in a <see cref="SnapshotSent"/>, unless one is on its way there already.</summary>
    public void Send(InstallSnapshotRequest request)
    {
        if (_sending.ContainsKey(request.To))
        {
            return;
        }

        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _sending[request.To] = new(request, stop, SendAsync(request, stop.Token));
    }

    /// <summary>The least that the peer will have when what is sent has arrived; null: nothing is.</summary>
    public ulong? IndexOnItsWay(MemberId peer) =>
        _sending.TryGetValue(peer, out var sending) ? sending.Request.Snapshot.Index : null;

    /// <summary>Called for each <see cref="SnapshotSent"/>.</summary>
    public void Ended(MemberId peer)
    {
        if (_sending.Remove(peer, out var sending))
        {
            sending.Stop.Dispose();
        }
    }

    /// <summary>
    /// A leader of another term knows better what its peers lack, and who was removed lacks nothing; an observer may
    /// get it from anyone. Called when leadership, term or configuration may have changed.
    /// </summary>
    public void EndUnwanted(ulong term, bool leads, Configuration configuration)
    {
        foreach (var (peer, sending) in _sending)
        {
            if (!sending.Request.ToObserver
                && (!leads || sending.Request.Term != term || !configuration.Contains(peer)))
            {
                sending.Stop.Cancel();
            }
        }
    }

    public void StopAll() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    private async Task SendAsync(InstallSnapshotRequest request, CancellationToken cancellationToken)
    {
        // Not on the loop's time.
        await Task.Yield();
        try
        {
            var delivered = await transport.SendSnapshotAsync(request, cancellationToken);
            post(new SnapshotSent(request.To, delivered.Index, Delivered: true));
            return;
        }
        catch (SnapshotTransferException e)
        {
            LogNotSent(request.To, request.Snapshot.Index, e.Message);
        }
        catch (SnapshotCorruptException e)
        {
            LogDamaged(e);
            post(SnapshotWanted.Instance);
        }
        catch (OperationCanceledException)
        {
            LogEnded(request.To, request.Snapshot.Index);
        }
        catch (IOException e)
        {
            // Of this member's own files: whatever opening them failed for may pass.
            LogNotSent(request.To, request.Snapshot.Index, e.Message);
        }
        catch (Exception e)
        {
            // A bug. Without a word it would leave the peer without snapshots for the life of this process.
            post(new MemberFailed(e));
            return;
        }

        // The core asks again at once: a peer without space, or without a connection, must not be asked in a circle.
        await PauseAsync(cancellationToken);
        post(new SnapshotSent(request.To, request.Snapshot.Index, Delivered: false));
    }

    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(retry, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // No longer wanted: no reason to wait.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Snapshot {Index} was not sent to {Peer}, and is tried again: {Reason}")]
    private partial void LogNotSent(MemberId peer, ulong index, string reason);

    [LoggerMessage(LogLevel.Information, "Snapshot {Index} for {Peer} is no longer wanted of this member")]
    private partial void LogEnded(MemberId peer, ulong index);

    [LoggerMessage(LogLevel.Critical, "A stored snapshot is damaged and was not sent; a new one is taken")]
    private partial void LogDamaged(Exception exception);

    private sealed record Sending(InstallSnapshotRequest Request, CancellationTokenSource Stop, Task Running);
}
