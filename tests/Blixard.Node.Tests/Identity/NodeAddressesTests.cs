using System.Net;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using static Blixard.Node.Tests.Settings;

namespace Blixard.Node.Tests.Identity;

public sealed class NodeAddressesTests
{
    [Fact]
    public void A_single_node_binds_the_loopback_only()
    {
        var addresses = NodeAddresses.Of(Of());
        Assert.Equal("127.0.0.1:7480", addresses.Api.ToString());
        Assert.Null(addresses.Raft);
        Assert.Equal(("127.0.0.1:7480", ""), (addresses.AdvertisedApi, addresses.AdvertisedRaft));
    }

    [Fact]
    public void A_member_binds_its_own_address_on_the_list_only()
    {
        var addresses = NodeAddresses.Of(Member("n2", true, ThreePeers));
        Assert.Equal(("10.0.0.2:7480", "10.0.0.2:7481"), (addresses.Api.ToString(), addresses.Raft?.ToString()));
        Assert.Equal(("10.0.0.2:7480", "10.0.0.2:7481"), (addresses.AdvertisedApi, addresses.AdvertisedRaft));
    }

    [Fact]
    public void What_is_configured_is_bound_and_advertised()
    {
        var addresses = NodeAddresses.Of(Of(
            ("Node:Name", "n1"),
            ("Node:AdvertiseAddress", "n1.example:80"),
            ("Cluster:Peers", "n1=n1.example:7481"),
            ("Raft:Listen", "10.9.9.9:7481"),
            ("Api:Listen", "10.9.9.9:8080")));
        Assert.Equal(("10.9.9.9:8080", "10.9.9.9:7481"), (addresses.Api.ToString(), addresses.Raft?.ToString()));
        Assert.Equal(("n1.example:80", "n1.example:7481"), (addresses.AdvertisedApi, addresses.AdvertisedRaft));
    }

    [Fact]
    public void A_name_is_looked_up_and_one_without_an_address_refused()
    {
        Assert.True(IPAddress.IsLoopback(NodeAddresses.EndPointOf(new("localhost", 1), "Api:Listen").Address));
        var e = Assert.Throws<ConfigurationException>(
            () => NodeAddresses.EndPointOf(new("no-such-host.invalid", 1), "Api:Listen"));
        Assert.StartsWith("Api:Listen no-such-host.invalid:1", e.Message, StringComparison.Ordinal);
    }
}
