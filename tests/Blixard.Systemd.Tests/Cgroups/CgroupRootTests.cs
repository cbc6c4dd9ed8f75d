using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Cgroups;

public sealed class CgroupRootTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_pure_v2_host_has_it_in_the_usual_place() => Assert.Equal("/sys/fs/cgroup", Discover(
        """
        sysfs /sys sysfs rw,nosuid 0 0
        cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0
        """));

    [Fact]
    public void A_hybrid_host_has_it_beside_v1() => Assert.Equal("/sys/fs/cgroup/unified", Discover(
        """
        tmpfs /sys/fs/cgroup tmpfs ro,mode=755 0 0
        cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
        cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
        """));

    [Fact]
    public void Of_several_mounts_the_usual_one_is_taken() => Assert.Equal("/sys/fs/cgroup", Discover(
        """
        cgroup2 /run/other cgroup2 rw 0 0
        cgroup2 /sys/fs/cgroup cgroup2 rw 0 0
        """));

    [Fact]
    public void Escapes_in_the_mount_point_are_undone() =>
        Assert.Equal("/mnt/my cgroups", Discover(@"cgroup2 /mnt/my\040cgroups cgroup2 rw 0 0"));

    [Fact]
    public void A_host_without_v2_has_none() =>
        Assert.Null(Discover("cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0"));

    [Fact]
    public void A_units_directory_lies_below()
    {
        var root = new CgroupRoot("/sys/fs/cgroup");
        Assert.Equal("/sys/fs/cgroup/system.slice/a.service", root.DirectoryOf("/system.slice/a.service"));
        Assert.Equal("/sys/fs/cgroup", root.DirectoryOf("/"));
    }

    private string? Discover(string mounts) => CgroupRoot.Discover(_directory.Write("mounts", mounts))?.Path;
}
