using System.Net;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

public sealed class TcpTransport : IRaftTransport
{
    public TcpTransport(
        TransportOptions options, PeerDirectory peers, SnapshotStore snapshots, TimeProvider time, ILogger<TcpTransport> logger)
    {
        _ = (options, peers, snapshots, time, logger);
        throw new NotImplementedException();
    }

    /// <summary>Bound since construction: a port that is taken is refused there.</summary>
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();

    public void Start(ITransportEvents events) => throw new NotImplementedException();

    public void Send(Message message) => throw new NotImplementedException();

    public Task<SnapshotMeta> SendSnapshotAsync(InstallSnapshotRequest request, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
