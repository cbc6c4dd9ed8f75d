using Blixard.Node.Identity;
using Blixard.Node.Options;
using static Blixard.Node.Tests.Settings;

namespace Blixard.Node.Tests.Identity;

public sealed class JoiningTests : IDisposable
{
    private static readonly JoinToken Token = JoinTokenTests.Token;

    private readonly TemporaryDirectory _directory = new();
    private readonly DataDirectory _data;

    public JoiningTests() => _data = new(_directory.Path);

    public void Dispose()
    {
        _data.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_token_makes_an_empty_directory_that_of_its_node()
    {
        Assert.Contains("This is now node n4", Join("n4"), StringComparison.Ordinal);

        var identity = FirstStart.Resolve(Named("n4"), _data, () => 7);
        Assert.Equal((Token.ClusterId, Token.Member, "n4", true), (identity.ClusterId, identity.Member, identity.Name, identity.Joined));
        Assert.Equal(["n1", "n2", "n4"], identity.Members.Select(member => member.Name));
        Assert.False(identity.IsSingle);
    }

    [Fact]
    public void A_joined_node_listens_where_its_token_says_unless_it_is_told_otherwise()
    {
        Join("n4");
        var identity = FirstStart.Resolve(Named("n4"), _data, () => 7);

        var addresses = NodeAddresses.Of(Named("n4"), identity);
        Assert.Equal(("10.0.0.4:7480", "10.0.0.4:7481"), (addresses.Api.ToString(), addresses.Raft?.ToString()));
        Assert.Equal("10.0.0.4:7481", addresses.AdvertisedRaft);
        addresses = NodeAddresses.Of(
            Of(("Node:Name", "n4"), ("Raft:Listen", "0.0.0.0:9000"), ("Api:Listen", "127.0.0.1:80")), identity);
        Assert.Equal(("127.0.0.1:80", "0.0.0.0:9000"), (addresses.Api.ToString(), addresses.Raft?.ToString()));
        Assert.Equal("10.0.0.4:7481", addresses.AdvertisedRaft);
    }

    [Fact]
    public void The_list_of_those_that_made_the_cluster_does_not_matter_to_one_that_joined()
    {
        Join("n4");

        Assert.Equal(Token.Member, FirstStart.Resolve(Member("n4", false, ThreePeers), _data, () => 7).Member);
    }

    [Fact]
    public void A_joined_node_is_not_bootstrapped()
    {
        Join("n4");

        Assert.Contains(
            "has joined one",
            Refused(() => FirstStart.Resolve(Member("n4", true, ThreePeers), _data, () => 7)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Joining_again_with_the_same_token_changes_nothing()
    {
        Join("n4");

        Assert.Contains("already", Join("n4"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_is_for_the_node_that_it_names()
    {
        var message = Refused(() => Join("n5"));

        Assert.Contains("for node n4", message, StringComparison.Ordinal);
        Assert.Contains("this node is n5", message, StringComparison.Ordinal);
        Assert.False(File.Exists(_data.IdentityPath));
    }

    [Fact]
    public void A_directory_that_is_another_members_is_refused_and_kept()
    {
        var single = FirstStart.Resolve(Named("n4"), _data, () => 7);

        var message = Refused(() => Join("n4"));

        Assert.Contains($"member {single.Member} of cluster 0000000000000007", message, StringComparison.Ordinal);
        Assert.Equal(single.Member, IdentityFile.Read(_data.IdentityPath)!.Member);
    }

    [Fact]
    public void A_directory_with_a_log_is_refused()
    {
        Directory.CreateDirectory(_data.WalPath);
        File.WriteAllText(Path.Combine(_data.WalPath, "segment"), "something");

        Assert.Contains("holds a Raft log", Refused(() => Join("n4")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_joined_node_that_lost_its_log_is_told_the_way_back()
    {
        Join("n4");
        FirstStart.MarkInUse(FirstStart.Resolve(Named("n4"), _data, () => 7), _data);

        var message = Refused(() => FirstStart.Resolve(Named("n4"), _data, () => 7));

        Assert.Contains("blixard cluster remove n4", message, StringComparison.Ordinal);
        Assert.Contains("blixard cluster add n4", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_node_is_reachable_once_it_has_a_raft_address()
    {
        var addresses = NodeAddresses.Of(Of(("Raft:Listen", "10.0.0.1:7481")));
        Assert.Equal(("10.0.0.1:7480", "10.0.0.1:7481"), (addresses.Api.ToString(), addresses.Raft?.ToString()));
        Assert.Equal(("10.0.0.1:7480", "10.0.0.1:7481"), (addresses.AdvertisedApi, addresses.AdvertisedRaft));

        addresses = NodeAddresses.Of(Of(("Raft:Listen", "0.0.0.0:7481"), ("Raft:AdvertiseAddress", "n1.example:7481")));
        Assert.Equal(("0.0.0.0:7481", "n1.example:7481"), (addresses.Raft?.ToString(), addresses.AdvertisedRaft));
        Assert.Contains(
            "Raft:AdvertiseAddress",
            Assert.Throws<ConfigurationException>(() => NodeAddresses.Of(Of(("Raft:Listen", "0.0.0.0:7481")))).Message,
            StringComparison.Ordinal);
    }

    private static NodeSettings Named(string name) => Of(("Node:Name", name));

    private string Join(string name) => Joining.Join(Named(name), _data, Token);

    private static string Refused(Action start) => Assert.Throws<IdentityException>(start).Message;
}
