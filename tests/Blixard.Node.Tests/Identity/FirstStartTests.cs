using Blixard.Node.Identity;
using static Blixard.Node.Tests.Settings;

namespace Blixard.Node.Tests.Identity;

public sealed class FirstStartTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly DataDirectory _data;

    public FirstStartTests() => _data = new(_directory.Path);

    public void Dispose()
    {
        _data.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_single_node_gets_an_identity_without_being_asked_and_keeps_it()
    {
        var first = Resolve("n1", bootstrap: false);
        var again = Resolve("n1", bootstrap: false, clusterId: 99);

        Assert.True(first.IsSingle);
        Assert.Equal(7UL, first.ClusterId);
        Assert.False(first.Member.IsNone);
        Assert.Equal((first.ClusterId, first.Member), (again.ClusterId, again.Member));
    }

    [Fact]
    public void All_members_derive_the_same_cluster_from_the_same_list_in_any_order()
    {
        var n1 = Resolve("n1", bootstrap: true, ThreePeers);
        using var other = new TemporaryDirectory();
        using var otherData = new DataDirectory(other.Path);
        var n2 = FirstStart.Resolve(Member("n2", true, [.. ThreePeers.Reverse()]), otherData, () => 8);

        Assert.Equal(n1.ClusterId, n2.ClusterId);
        Assert.Equal(n1.Members, n2.Members);
        Assert.NotEqual(n1.Member, n2.Member);
        Assert.Equal(3, n1.Members.Select(member => member.Member).Distinct().Count());
    }

    [Fact]
    public void Ids_stay_what_they_were_in_the_first_release()
    {
        var identity = Resolve("n1", bootstrap: true, ThreePeers);
        Assert.Equal("9ad2aab42605aca8", $"{identity.ClusterId:x16}");
        Assert.Equal("3d777402f5c790ec a0cfc2c95d507aa6 911ae1a08432b526", string.Join(' ', identity.Members.Select(member => member.Member)));
    }

    [Fact]
    public void Another_list_makes_another_cluster()
    {
        var three = Resolve("n1", bootstrap: true, ThreePeers);
        using var other = new TemporaryDirectory();
        using var otherData = new DataDirectory(other.Path);
        var two = FirstStart.Resolve(Member("n1", true, ThreePeers[..2]), otherData, () => 8);

        Assert.NotEqual(three.ClusterId, two.ClusterId);
        Assert.NotEqual(three.Member, two.Member);
    }

    [Fact]
    public void An_empty_directory_with_peers_needs_to_be_told_that_the_cluster_is_new() =>
        AssertRefused("start every member with --bootstrap", () => Resolve("n1", bootstrap: false, ThreePeers));

    [Fact]
    public void A_log_without_an_identity_is_refused_in_every_case()
    {
        Directory.CreateDirectory(_data.WalPath);
        File.WriteAllText(Path.Combine(_data.WalPath, "segment"), "something");

        AssertRefused("holds a Raft log", () => Resolve("n1", bootstrap: true, ThreePeers));
        AssertRefused("holds a Raft log", () => Resolve("n1", bootstrap: false));
    }

    [Fact]
    public void A_member_that_was_in_use_does_not_come_back_without_its_log()
    {
        FirstStart.MarkInUse(Resolve("n1", bootstrap: true, ThreePeers), _data);

        AssertRefused("must not come back as itself", () => Resolve("n1", bootstrap: true, ThreePeers));
    }

    [Theory]
    [InlineData("raft/wal", "lock")]
    [InlineData("raft/wal", "ballast")]
    [InlineData("raft/wal", "00000003.spare")]
    [InlineData("raft/wal", "00000002.wal.damaged")]
    [InlineData("raft/snapshots", "0000000000000064-0000000000000003.snap")]
    public void What_is_left_beside_a_lost_log_does_not_bring_its_member_back(string directory, string file)
    {
        FirstStart.MarkInUse(Resolve("n1", bootstrap: true, ThreePeers), _data);
        _data.CreateRaftDirectories();
        var left = Path.Combine(_data.Root, directory, file);
        File.WriteAllText(left, "something");

        var message = AssertRefused("must not come back as itself", () => Resolve("n1", bootstrap: true, ThreePeers));

        Assert.Contains("blixard cluster remove n1", message, StringComparison.Ordinal);
        Assert.Equal("something", File.ReadAllText(left));
    }

    [Fact]
    public void A_member_is_new_until_it_is_about_to_be_registered()
    {
        var first = Resolve("n1", bootstrap: true, ThreePeers);
        Assert.True(first.New);
        FirstStart.MarkInUse(first, _data);
        Directory.CreateDirectory(_data.WalPath);
        File.WriteAllText(Path.Combine(_data.WalPath, "00000001.wal"), "something");
        Assert.True(Resolve("n1", bootstrap: true, ThreePeers).New);

        FirstStart.MarkKnown(first, _data);

        var known = Resolve("n1", bootstrap: true, ThreePeers);
        Assert.Equal((false, true), (known.New, known.InUse));
    }

    [Fact]
    public void A_single_node_has_nobody_to_be_new_to() => Assert.False(Resolve("n1", bootstrap: false).New);

    [Fact]
    public void Bootstrap_again_with_the_same_list_changes_nothing()
    {
        var first = Resolve("n1", bootstrap: true, ThreePeers);
        Assert.Equal(first.Member, Resolve("n1", bootstrap: true, ThreePeers).Member);
        Assert.Equal(first.Member, Resolve("n1", bootstrap: false, ThreePeers).Member);
    }

    [Fact]
    public void Another_list_than_at_the_first_start_is_refused_and_the_difference_named()
    {
        Resolve("n1", bootstrap: true, ThreePeers);
        string[] other = [ThreePeers[0], "n2=10.0.0.9:7481", "n4=10.0.0.4:7481"];

        var message = AssertRefused("is not the list", () => Resolve("n1", bootstrap: true, other));
        Assert.Contains("n2=10.0.0.2:7481 has become n2=10.0.0.9:7481", message, StringComparison.Ordinal);
        Assert.Contains("n3=10.0.0.3:7481 is missing", message, StringComparison.Ordinal);
        Assert.Contains("n4=10.0.0.4:7481 is new", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_may_move_to_another_address_later()
    {
        var first = Resolve("n1", bootstrap: true, ThreePeers);
        string[] moved = [ThreePeers[0], "n2=10.0.0.9:7481", ThreePeers[2]];

        Assert.Equal(first.Member, Resolve("n1", bootstrap: false, moved).Member);
    }

    [Fact]
    public void A_single_node_does_not_become_a_member_by_configuration_nor_back()
    {
        Resolve("n1", bootstrap: false);
        AssertRefused("it is of a single node", () => Resolve("n1", bootstrap: true, ThreePeers));
    }

    [Fact]
    public void A_member_does_not_become_a_single_node_by_configuration()
    {
        Resolve("n1", bootstrap: true, ThreePeers);
        AssertRefused("the list is empty", () => Resolve("n1", bootstrap: false));
    }

    [Fact]
    public void Another_name_is_refused()
    {
        Resolve("n1", bootstrap: true, ThreePeers);
        AssertRefused("is of node n1, but Node:Name is n2", () => Resolve("n2", bootstrap: true, ThreePeers));
    }

    [Fact]
    public void A_node_must_be_on_its_own_list() =>
        AssertRefused("does not name this node, n9", () => Resolve("n9", bootstrap: true, ThreePeers));

    [Fact]
    public void Bootstrap_without_peers_is_refused() =>
        AssertRefused("Cluster:Peers, which is empty", () => Resolve("n1", bootstrap: true));

    private NodeIdentity Resolve(string name, bool bootstrap, params string[] peers) =>
        FirstStart.Resolve(Member(name, bootstrap, peers), _data, () => 7);

    private NodeIdentity Resolve(string name, bool bootstrap, ulong clusterId) =>
        FirstStart.Resolve(Member(name, bootstrap), _data, () => clusterId);

    private static string AssertRefused(string expected, Action start)
    {
        var message = Assert.Throws<IdentityException>(start).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        return message;
    }
}
