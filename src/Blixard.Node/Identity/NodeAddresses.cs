using System.Net;
using System.Net.Sockets;
using Blixard.Node.Options;

namespace Blixard.Node.Identity;

/// <summary>
/// Where this node listens and how others reach it. A single node binds the loopback only; a member of a cluster only
/// the address that is configured, never all of the host's.
/// </summary>
/// <param name="Api">To listen on.</param>
/// <param name="Raft">To listen on; null: a single node listens to no peer.</param>
/// <param name="AdvertisedApi">For other nodes and for clients.</param>
/// <param name="AdvertisedRaft">Empty for a single node.</param>
internal sealed record NodeAddresses(HostPort Api, HostPort? Raft, string AdvertisedApi, string AdvertisedRaft)
{
    private const string Loopback = "127.0.0.1";

    public static NodeAddresses Of(NodeSettings settings)
    {
        var own = PeerList.Parse(settings.Cluster.Peers, new List<string>())
            .FirstOrDefault(peer => peer.Name == settings.Node.Name)?.Address;
        var api = settings.Api.Listen.Length > 0
            ? HostPort.Parse(settings.Api.Listen)
            : new HostPort(own?.Host ?? Loopback, ApiOptions.DefaultPort);
        var raft = own is null ? null : settings.Raft.Listen.Length > 0 ? HostPort.Parse(settings.Raft.Listen) : own;
        return new(
            api,
            raft,
            settings.Node.AdvertiseAddress.Length > 0 ? settings.Node.AdvertiseAddress : api.ToString(),
            own?.ToString() ?? "");
    }

    /// <summary>The socket address to bind; a name is looked up once.</summary>
    /// <exception cref="ConfigurationException">The name has no address.</exception>
    public static IPEndPoint EndPointOf(HostPort listen, string key)
    {
        if (IPAddress.TryParse(listen.Host, out var address))
        {
            return new(address, listen.Port);
        }

        try
        {
            return new(Dns.GetHostAddresses(listen.Host)[0], listen.Port);
        }
        catch (SocketException e)
        {
            throw new ConfigurationException($"{key} {listen}: the name {listen.Host} has no address: {e.Message}");
        }
    }
}
