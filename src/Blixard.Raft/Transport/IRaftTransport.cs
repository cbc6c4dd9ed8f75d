using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>Carries messages between members. They may be lost, late, and after a reconnect out of order.</summary>
public interface IRaftTransport : IAsyncDisposable
{
    /// <summary>Called once, before anything is sent. Events come from the transport's own threads.</summary>
    void Start(ITransportEvents events);

    /// <summary>
    /// Never blocks, never throws: a full queue or a dead link drops it and reports the peer unreachable.
    /// </summary>
    void Send(Message message);

    /// <summary>The same for several, in order: those to one peer leave together. Keeps nothing of the list.</summary>
    void Send(IReadOnlyList<Message> messages);

    /// <summary>
    /// Sends the newest stored snapshot, at or after the one asked for, over a connection of its own, from where an
    /// earlier attempt broke off; ends when the receiver has it on stable storage. One at a time for each peer.
    /// </summary>
    /// <returns>What was delivered: the core is told of it with <see cref="RaftNode.SnapshotDelivered"/>.</returns>
    /// <exception cref="SnapshotTransferException">It did not arrive.</exception>
    /// <exception cref="SnapshotCorruptException">The stored one is damaged; nothing was sent.</exception>
    Task<SnapshotMeta> SendSnapshotAsync(InstallSnapshotRequest request, CancellationToken cancellationToken);
}

/// <summary>
/// What a transport tells its host. Called from many threads at once; must return quickly and not throw.
/// </summary>
public interface ITransportEvents
{
    void Received(Message message);

    /// <summary>Messages to that member were lost. Reported at most a few times per second.</summary>
    void Unreachable(MemberId member);

    /// <summary>
    /// The connection on which that member spoke has ended: its process is gone, or the link. It may be back at once.
    /// </summary>
    void Disconnected(MemberId member);

    /// <summary>A leader's snapshot is complete and durable in the <see cref="SnapshotStore"/>.</summary>
    void SnapshotArrived(SnapshotReceived received);

    /// <summary>The disk failed while a snapshot was being received: the member must end.</summary>
    void StorageFailed(StorageFailedException failure);
}

/// <summary>The snapshot did not arrive, or the receiver would not take it; the message says why.</summary>
public sealed class SnapshotTransferException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A peer sent bytes that are not the protocol; its connection is closed and nothing of it was used.</summary>
public class ProtocolException(string message) : Exception(message);

/// <summary>Whoever dialled was removed from the cluster, and is not talked to.</summary>
internal sealed class MemberRemovedException(string message) : ProtocolException(message);

/// <summary>Whoever dialled says that it is new, and has taken part before: it has lost its disk.</summary>
internal sealed class MemberKnownException(string message) : ProtocolException(message);
