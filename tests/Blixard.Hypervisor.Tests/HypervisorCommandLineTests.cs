namespace Blixard.Hypervisor.Tests;

public sealed class HypervisorCommandLineTests
{
    private const ulong Mebi = 1 << 20;

    [Fact]
    public void What_microvm_nix_starts_qemu_with_is_understood()
    {
        // lib/runners/qemu.nix, shortened.
        const string Line = "microvm@web1 -name web1 -M microvm,accel=kvm:tcg,acpi=on -m 512 -smp 2 -nodefaults -no-reboot "
            + "-kernel /nix/store/k/bzImage -chardev stdio,id=stdio,signal=off -qmp unix:web1.sock,server,nowait "
            + "-object memory-backend-memfd,id=mem,size=512M,share=on -device virtio-net-device,netdev=vm-web1";

        Assert.Equal(new("qemu", "web1.sock", 512 * Mebi, 2), Parse(Line, "qemu"));
        Assert.Equal(new("qemu", "web1.sock", 512 * Mebi, 2), Parse(Line, null));
    }

    [Theory]
    [InlineData("-m 512", 512 * Mebi)]
    [InlineData("-m 512M", 512 * Mebi)]
    [InlineData("-m 2G", 2048 * Mebi)]
    [InlineData("-m size=1G,slots=2,maxmem=4G", 1024 * Mebi)]
    [InlineData("-m 1G,maxmem=4G", 1024 * Mebi)]
    [InlineData("-m 128 -m 256", 256 * Mebi)]
    [InlineData("-m 0", null)]
    [InlineData("-m", null)]
    [InlineData("-m much", null)]
    [InlineData("-m -1", null)]
    [InlineData("-m 99999999999999999999G", null)]
    [InlineData("-m 9999999999999G", null)]
    [InlineData("-m ,", null)]
    [InlineData("-mem-path /dev/hugepages", null)]
    public void The_memory_of_qemu_is_in_mebibytes_unless_it_says_otherwise(string options, ulong? expected) =>
        Assert.Equal(expected, Parse("qemu-system-x86_64 " + options, "qemu").MemoryBytes);

    [Theory]
    [InlineData("-smp 4", 4)]
    [InlineData("-smp cpus=4,maxcpus=8", 4)]
    [InlineData("-smp 4,sockets=1", 4)]
    [InlineData("-smp maxcpus=8", null)]
    [InlineData("-smp 0", null)]
    public void The_cpus_of_qemu_are_understood(string options, int? expected) =>
        Assert.Equal(expected, Parse("qemu-system-x86_64 " + options, "qemu").Vcpus);

    [Fact]
    public void A_qmp_that_is_no_unix_socket_cannot_be_asked()
    {
        Assert.Null(Parse("q -qmp tcp:localhost:4444", "qemu").ControlSocket);
        Assert.Null(Parse("q -qmp unix:", "qemu").ControlSocket);
    }

    [Fact]
    public void What_cloud_hypervisor_is_started_with_is_understood()
    {
        const string Line = "microvm@web1 --cpus boot=2 --watchdog --kernel /nix/store/k --memory "
            + "size=512M,mergeable=on,shared=on --api-socket web1.sock --net tap=vm-web1,mac=02:00:00:00:00:01";

        Assert.Equal(new("cloud-hypervisor", "web1.sock", 512 * Mebi, 2), Parse(Line, null));
        Assert.Equal("a.sock", Parse("ch --api-socket=path=a.sock", null).ControlSocket);
        Assert.Equal(512UL, Parse("ch --memory size=512", "cloud-hypervisor").MemoryBytes);
    }

    [Fact]
    public void The_others_say_what_they_say()
    {
        Assert.Equal(
            new("firecracker", "web1.sock", null, null), Parse("fc --api-sock web1.sock --config-file c.json", null));
        Assert.Equal(new("kvmtool", null, 256 * Mebi, 2), Parse("lkvm run --name web1 -m 256 -c 2", "kvmtool"));
        Assert.Equal(new("crosvm", null, 256 * Mebi, 2), Parse("crosvm run -m 256 --cpus num-cores=2", "crosvm"));
        Assert.Equal(new("stratovirt", null, 256 * Mebi, 1), Parse("stratovirt -m 256 -smp 1", "stratovirt"));
        Assert.Equal(new("alioth", null, null, null), Parse("alioth run", "alioth"));
        Assert.Equal(new(null, null, null, null), Parse("sleep infinity", null));
        Assert.Equal(new(null, null, null, null), HypervisorCommandLine.Parse([], null));
    }

    [Fact]
    public void A_process_that_is_gone_says_nothing_and_our_own_is_no_hypervisor()
    {
        Assert.Null(HypervisorCommandLine.Read(int.MaxValue, "qemu"));
        Assert.Equal(new(null, null, null, null), HypervisorCommandLine.Read(Environment.ProcessId, null));
    }

    private static HypervisorCommandLine Parse(string line, string? hypervisor) =>
        HypervisorCommandLine.Parse(line.Split(' '), hypervisor);
}
