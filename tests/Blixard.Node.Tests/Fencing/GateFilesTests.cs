using Blixard.Node.Fencing;

namespace Blixard.Node.Tests.Fencing;

/// <summary>What is written for the gate, and what of it is read again after a restart.</summary>
public sealed class GateFilesTests : IDisposable
{
    private const UnixFileMode ForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly FenceRoom _room = new();

    public void Dispose() => _room.Dispose();

    [Fact]
    public void A_lease_is_what_the_gate_reads_and_no_other_boots()
    {
        _room.File.Replace(new(7, 1000, 31_001_000));

        Assert.Equal(
            $"lease 1\nboot {FenceRoom.Boot}\nepoch 7\ndeadline 31001000\nend\n", File.ReadAllText(_room.Paths.Lease));
        Assert.Equal(ForAll, File.GetUnixFileMode(_room.Paths.Lease));
        Assert.Equal((7ul, 31_001_000L), _room.File.Read());
        Assert.Null(new LeaseFile(_room.Paths, "another").Read());
        _room.File.Remove();
        Assert.Null(_room.File.Read());
        _room.File.Remove();
    }

    [Fact]
    public void No_part_of_a_lease_is_one()
    {
        _room.File.Replace(new(7, 1000, 31_001_000));
        var whole = File.ReadAllBytes(_room.Paths.Lease);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_room.Paths.Lease, whole[..length]);
            Assert.Null(_room.File.Read());
        }
    }

    [Fact]
    public void The_list_has_every_name_once_in_order_with_its_policy()
    {
        var list = new ManagedList(_room.Paths);
        Assert.Null(list.Read());

        list.Replace(41, [("web1", GatePolicy.Strict), ("db", GatePolicy.Manual), ("Local", GatePolicy.None)]);

        Assert.Equal(
            "managed 1 41\nvm Local none\nvm db manual\nvm web1 strict\nend\n", File.ReadAllText(_room.Paths.Managed));
        Assert.Equal(ForAll, File.GetUnixFileMode(_room.Paths.Managed));
        var (index, vms) = list.Read()!.Value;
        Assert.Equal(41ul, index);
        Assert.Equal(["Local", "db", "web1"], vms.Keys);
        Assert.Equal(GatePolicy.Strict, vms["web1"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("managed 1 41\nvm web1 strict\n")]
    [InlineData("managed 1 41\nvm web1 strict\nend")]
    [InlineData("managed 2 41\nend\n")]
    [InlineData("managed 1 x\nend\n")]
    [InlineData("managed 1 41\nvm web1 often\nend\n")]
    [InlineData("managed 1 41\nvm web1 strict\nvm web1 strict\nend\n")]
    [InlineData("managed 1 41\nend\nvm web1 strict\n")]
    public void A_list_that_the_gate_would_refuse_is_none(string content)
    {
        File.WriteAllText(_room.Paths.Managed, content);
        Assert.Null(new ManagedList(_room.Paths).Read());
    }

    [Fact]
    public void Grants_of_a_boot_are_in_memory_and_of_this_boot_and_the_others_on_disk()
    {
        _room.Grants.Issue(new("web1", GatePolicy.Strict, 12, 3));
        _room.Grants.Issue(new("db", GatePolicy.Manual, 13, 3));
        _room.Grants.Issue(new("local", GatePolicy.None, 14, 3));

        Assert.Equal(
            $"grant 1\nvm web1\ngeneration 12\npolicy strict\nepoch 3\nboot {FenceRoom.Boot}\nend\n",
            File.ReadAllText(Path.Combine(_room.Paths.BootGrants, "web1")));
        Assert.True(File.Exists(Path.Combine(_room.Paths.KeptGrants, "local")));
        Assert.Equal(["db", "local", "web1"], _room.Grants.Granted());
        Assert.Equal(new("web1", GatePolicy.Strict, 12, 3), _room.Grants.Find("web1"));
        Assert.Null(_room.Grants.Find("web2"));

        var later = new GrantStore(_room.Paths, "another boot");
        Assert.Null(later.Find("web1"));
        Assert.Null(later.Find("db"));
        Assert.Equal(new("local", GatePolicy.None, 14, 3), later.Find("local"));
    }

    [Fact]
    public void A_grant_of_another_policy_takes_the_place_of_the_one_before()
    {
        _room.Grants.Issue(new("web1", GatePolicy.None, 12, 3));
        _room.Grants.Issue(new("web1", GatePolicy.Strict, 15, 4));
        Assert.False(File.Exists(Path.Combine(_room.Paths.KeptGrants, "web1")));
        _room.Grants.Issue(new("web1", GatePolicy.None, 16, 4));
        Assert.False(File.Exists(Path.Combine(_room.Paths.BootGrants, "web1")));
        Assert.Equal(16ul, _room.Grants.Find("web1")!.Generation);
    }

    [Fact]
    public void What_was_given_up_is_not_granted_and_is_remembered_over_a_restart()
    {
        _room.Grants.Issue(new("web1", GatePolicy.Strict, 12, 3));

        _room.Grants.GiveUp("web1", 12);

        Assert.Null(_room.Grants.Find("web1"));
        var again = new GrantStore(_room.Paths, FenceRoom.Boot);
        Assert.Equal(12ul, again.Tombstone("web1"));
        Assert.Equal(["web1"], again.GivenUp());
        Assert.Throws<InvalidOperationException>(() => again.Issue(new("web1", GatePolicy.Strict, 12, 4)));
        Assert.Throws<InvalidOperationException>(() => again.Issue(new("web1", GatePolicy.None, 11, 4)));
        again.Issue(new("web1", GatePolicy.Strict, 13, 4));

        // It only grows.
        again.GiveUp("web1", 10);
        Assert.Equal(12ul, again.Tombstone("web1"));
        Assert.Null(again.Find("web1"));
    }

    [Fact]
    public void A_tombstone_that_is_damaged_lets_nothing_be_granted()
    {
        File.WriteAllText(Path.Combine(_room.Paths.Tombstones, "web1"), "tombstone 1\nvm web1\ngener");

        Assert.Throws<IOException>(() => _room.Grants.Issue(new("web1", GatePolicy.Strict, 99, 3)));
        Assert.Null(_room.Grants.Find("web1"));
    }

    [Fact]
    public void A_name_with_the_suffix_of_a_file_that_is_being_written_is_a_vms_like_any_other()
    {
        _room.Grants.Issue(new("web1.new", GatePolicy.Strict, 12, 3));
        _room.Grants.Issue(new("web1", GatePolicy.Strict, 13, 3));

        Assert.Equal(12ul, _room.Grants.Find("web1.new")!.Generation);
        Assert.Equal(["web1", "web1.new"], _room.Grants.Granted());
    }

    [Theory]
    [InlineData("../lease")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData(".web1")]
    public void A_name_that_is_no_vms_never_becomes_a_path(string name)
    {
        Assert.Throws<ArgumentException>(() => _room.Grants.Issue(new(name, GatePolicy.Strict, 1, 1)));
        Assert.Throws<ArgumentException>(() => _room.Grants.GiveUp(name, 1));
        Assert.Throws<ArgumentException>(() => _room.Grants.Find(name));
    }
}
