using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.MicroVms;

public sealed class MicroVmDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();
    private readonly MicroVmDirectory _vms;

    public MicroVmDirectoryTests() => _vms = new(_root.Path);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Vms_are_those_with_a_current_runner_in_order_of_their_names()
    {
        Lay("web1", "current", "qemu\n", "vm-web1\nvm-web1b\n");
        Lay("db1", "current", "firecracker", null);
        Directory.CreateDirectory(_root.Combine("not-built-yet"));
        _root.Write("a-file", "");

        var found = _vms.List();

        Assert.Equal(
            [
                new("db1", _root.Combine("db1"), false, "firecracker", []),
                new DefinedVm("web1", _root.Combine("web1"), false, "qemu", ["vm-web1", "vm-web1b"]),
            ],
            found.Vms);
        Assert.Empty(found.Problems);
    }

    [Fact]
    public void A_running_vm_is_described_by_the_runner_that_was_booted()
    {
        Lay("web1", "current", "cloud-hypervisor", "new-tap");
        Lay("web1", "booted", "qemu", "old-tap");

        Assert.Equal(new DefinedVm("web1", _root.Combine("web1"), true, "qemu", ["old-tap"]), _vms.Find("web1"));
    }

    [Fact]
    public void A_runner_on_a_store_that_is_not_mounted_is_still_a_vms()
    {
        Directory.CreateDirectory(_root.Combine("web1"));
        File.CreateSymbolicLink(_root.Combine("web1", "current"), "/nonexistent/store/runner");

        Assert.Equal(new DefinedVm("web1", _root.Combine("web1"), false, null, []), Assert.Single(_vms.List().Vms));
    }

    [Fact]
    public void A_bad_name_is_a_problem_and_not_a_vm()
    {
        Lay("good", "current", "qemu", null);
        Lay("bad name", "current", "qemu", null);

        var found = _vms.List();

        Assert.Equal("good", Assert.Single(found.Vms).Name);
        Assert.Contains("bad name", Assert.Single(found.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tap_that_cannot_be_an_interface_is_a_problem()
    {
        Lay("web1", "current", "qemu", "../../etc/passwd\nvm-web1\n");

        var found = _vms.List();

        Assert.Equal(["vm-web1"], Assert.Single(found.Vms).TapInterfaces);
        Assert.Contains("../../etc/passwd", Assert.Single(found.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fact_that_is_far_too_large_is_ignored_and_said()
    {
        Lay("web1", "current", new string('x', 100_000), null);

        var found = _vms.List();

        Assert.Null(Assert.Single(found.Vms).Hypervisor);
        Assert.Contains("larger than", Assert.Single(found.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_without_the_directory_has_no_vms()
    {
        var found = new MicroVmDirectory(_root.Combine("missing")).List();
        Assert.Empty(found.Vms);
        Assert.Empty(found.Problems);
    }

    [Fact]
    public void A_bad_name_is_never_looked_for()
    {
        Assert.Throws<ArgumentException>(() => _vms.Find("../etc"));
        Assert.Null(_vms.Find("web1"));
    }

    private void Lay(string vm, string runner, string hypervisor, string? taps)
    {
        _root.Write($"{vm}/{runner}/share/microvm/hypervisor", hypervisor);
        if (taps is not null)
        {
            _root.Write($"{vm}/{runner}/share/microvm/tap-interfaces", taps);
        }
    }
}
