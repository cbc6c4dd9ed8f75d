using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Node.Hosting;

/// <summary>The transport of a single node: nobody to talk to, so no port is opened.</summary>
internal sealed class SoloTransport : IRaftTransport
{
    public void Start(ITransportEvents events)
    {
        // There is nothing to tell.
    }

    public void Send(Message message) =>
        throw new InvalidOperationException($"a single node has nobody to send {message.GetType().Name} to");

    public void Send(IReadOnlyList<Message> messages)
    {
        foreach (var message in messages)
        {
            Send(message);
        }
    }

    public Task<SnapshotMeta> SendSnapshotAsync(InstallSnapshotRequest request, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("a single node has nobody to send a snapshot to");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
