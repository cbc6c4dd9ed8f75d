using System.Net;
using System.Net.Sockets;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Host;

/// <summary>Real transports on loopback. Everyone knows where the voters are; of others they hear as these dial.</summary>
internal sealed class TcpNetwork
{
    private readonly PeerAddress[] _voters;

    public TcpNetwork(int voters)
    {
        // Ports that were free a moment ago: each must know the others' before any of them listens.
        var probes = Enumerable.Range(1, voters).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(probes, probe => probe.Start());
        _voters =
        [
            .. probes.Select((probe, i) => new PeerAddress(
                new((ulong)i + 1), $"n{i + 1}", "127.0.0.1", ((IPEndPoint)probe.LocalEndpoint).Port)),
        ];
        Array.ForEach(probes, probe => probe.Stop());
    }

    public IRaftTransport Plug(MemberId self, SnapshotStore snapshots) => new TcpTransport(
        new()
        {
            ClusterId = 7,
            Self = self,
            Listen = new(IPAddress.Loopback, _voters.SingleOrDefault(voter => voter.Member == self)?.Port ?? 0),
            MaxBackoff = TimeSpan.FromMilliseconds(100),
        },
        new(_voters),
        snapshots,
        TimeProvider.System,
        NullLogger<TcpTransport>.Instance);
}
