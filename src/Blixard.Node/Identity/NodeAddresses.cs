using System.Net;
using System.Net.Sockets;
using Blixard.Node.Options;

namespace Blixard.Node.Identity;

/// <summary>
/// Where this node listens and how others reach it. A single node binds the loopback only, until it is given a Raft
/// address; a member of a cluster only the address that is configured, never all of the host's.
/// </summary>
/// <param name="Api">To listen on.</param>
/// <param name="Raft">To listen on; null: a single node listens to no peer.</param>
/// <param name="AdvertisedApi">For other nodes and for clients.</param>
/// <param name="AdvertisedRaft">Empty for a single node.</param>
internal sealed record NodeAddresses(HostPort Api, HostPort? Raft, string AdvertisedApi, string AdvertisedRaft)
{
    private const string Loopback = "127.0.0.1";

    /// <param name="settings">What is configured comes first.</param>
    /// <param name="identity">Of a node that joined: the addresses that its token named.</param>
    /// <exception cref="ConfigurationException">Others could not reach what would be advertised.</exception>
    public static NodeAddresses Of(NodeSettings settings, NodeIdentity? identity = null)
    {
        var joined = identity is { Joined: true } ? identity : null;
        var own = Advertised(settings, joined);
        var api = settings.Api.Listen.Length > 0 ? HostPort.Parse(settings.Api.Listen)
            : joined is { ApiAddress.Length: > 0 } ? HostPort.Parse(joined.ApiAddress)
            : new HostPort(own?.Host ?? Loopback, ApiOptions.DefaultPort);
        var raft = own is null ? null : settings.Raft.Listen.Length > 0 ? HostPort.Parse(settings.Raft.Listen) : own;
        return new(
            api,
            raft,
            settings.Node.AdvertiseAddress.Length > 0 ? settings.Node.AdvertiseAddress : api.ToString(),
            own?.ToString() ?? "");
    }

    /// <summary>Where the other members reach this one; null: nowhere, as it is alone.</summary>
    private static HostPort? Advertised(NodeSettings settings, NodeIdentity? joined)
    {
        if (settings.Raft.AdvertiseAddress.Length > 0)
        {
            return HostPort.Parse(settings.Raft.AdvertiseAddress);
        }

        if (joined is not null)
        {
            return HostPort.Parse(joined.Members.Single(member => member.Member == joined.Member).Address);
        }

        var listed = PeerList.Parse(settings.Cluster.Peers, new List<string>())
            .FirstOrDefault(peer => peer.Name == settings.Node.Name)?.Address;
        if (listed is not null || settings.Raft.Listen.Length == 0)
        {
            return listed;
        }

        var listen = HostPort.Parse(settings.Raft.Listen);
        return IPAddress.TryParse(listen.Host, out var address)
            && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? throw new ConfigurationException(
                $"Raft:Listen {listen} is every address of this host: say with Raft:AdvertiseAddress at which of them the "
                + "other members reach it.")
            : listen;
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
