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

        Assert.Equal(
            new DefinedVm("web1", _root.Combine("web1"), false, null, []) { CurrentRunner = "/nonexistent/store/runner" },
            Assert.Single(_vms.List().Vms));
    }

    [Fact]
    public void A_runner_says_what_its_vm_is_made_of_and_the_links_which_runs_and_which_is_next()
    {
        Runner("1-web1", "qemu\n", "vm-web1\n");
        _root.Write("store/1-web1/share/microvm/macvtap-interfaces", "mv-web1\n");
        _root.Write("store/1-web1/share/microvm/vsock-cid", "4294967295\n");
        Runner("2-web1", "firecracker\n", "vm-other\n");
        Link("web1", "booted", _root.Combine("store/1-web1"));
        Link("web1", "current", "../../store/2-web1");

        var vms = new MicroVmDirectory(_root.Combine("vms"));

        var expected = new DefinedVm("web1", _root.Combine("vms", "web1"), true, "qemu", ["vm-web1"])
        {
            MacvtapInterfaces = ["mv-web1"],
            VsockCid = uint.MaxValue,
            BootedRunner = _root.Combine("store/1-web1"),
            CurrentRunner = _root.Combine("store/2-web1"),
        };
        Assert.Equal(expected, vms.Find("web1"));
        Assert.Equal(expected, Assert.Single(vms.List().Vms));
        Assert.Equal(expected, MicroVmDirectory.At("web1", _root.Combine("vms", "web1")));
    }

    [Fact]
    public void Only_what_a_link_leads_elsewhere_of_is_read_again()
    {
        Runner("1-a", "qemu", "");
        Runner("2-a", "firecracker", "");
        Link("a", "current", _root.Combine("store/1-a"));
        Link("b", "current", _root.Combine("store/1-a"));
        Link("c", "current", _root.Combine("store/1-a"));
        var vms = new MicroVmDirectory(_root.Combine("vms"));
        var known = vms.List().Vms;
        Assert.True(vms.Changes(known).IsEmpty);

        // What a runner holds does not change: its path would.
        _root.Write("store/1-a/share/microvm/hypervisor", "changed");
        Assert.True(vms.Changes(known).IsEmpty);

        Link("a", "current", _root.Combine("store/2-a"));
        Link("d", "current", _root.Combine("store/2-a"));
        File.Delete(_root.Combine("vms", "b", "current"));
        Directory.Delete(_root.Combine("vms", "c"), recursive: true);
        var changes = vms.Changes(known);
        Assert.Equal(["a", "d"], changes.Changed.Select(vm => vm.Name));
        Assert.All(changes.Changed, vm => Assert.Equal("firecracker", vm.Hypervisor));
        Assert.Equal(["b", "c"], changes.Gone.Order());

        Link("a", "booted", _root.Combine("store/2-a"));
        Assert.Contains(vms.Changes(vms.List().Vms.Select(vm => vm with { Booted = false, BootedRunner = null }).ToArray())
            .Changed, vm => vm is { Name: "a", Booted: true });
    }

    [Fact]
    public void A_vm_elsewhere_is_looked_at_where_it_lies_and_not_mistaken_for_one_of_the_same_name()
    {
        Runner("1-a", "qemu", "");
        Link("../home/a", "current", _root.Combine("store/1-a"));
        Link("a", "current", _root.Combine("store/1-a"));
        var vms = new MicroVmDirectory(_root.Combine("vms"));
        var elsewhere = MicroVmDirectory.At("a", _root.Combine("home", "a"))!;
        Assert.True(vms.Changes([elsewhere]).IsEmpty);

        Runner("2-a", "qemu", "");
        Link("../home/a", "current", _root.Combine("store/2-a"));
        Assert.Equal(_root.Combine("home", "a"), Assert.Single(vms.Changes([elsewhere]).Changed).Directory);

        Directory.Delete(_root.Combine("home", "a"), recursive: true);
        Assert.Equal(["a"], vms.Changes([elsewhere]).Gone);
    }

    [Fact]
    public void What_a_vm_puts_in_the_place_of_a_fact_is_neither_waited_for_nor_passed_on()
    {
        Lay("secret", "current", "root:$y$j9T$secret:19000:0:99999:7:::\n", "root:$y$j9T$a-long-secret\n");
        _root.Write("secret/current/share/microvm/vsock-cid", "0x10");
        Lay("pipe", "current", "qemu", null);
        File.Delete(_root.Combine("pipe", "current", "share", "microvm", "hypervisor"));
        using (var mkfifo = System.Diagnostics.Process.Start(
            "mkfifo", [_root.Combine("pipe", "current", "share", "microvm", "hypervisor")]))
        {
            mkfifo.WaitForExit();
        }

        Lay("directory", "current", "qemu", null);
        File.Delete(_root.Combine("directory", "current", "share", "microvm", "hypervisor"));
        Directory.CreateDirectory(_root.Combine("directory", "current", "share", "microvm", "hypervisor"));
        Link("../linked", "current", "/store/" + new string('x', 600));

        var found = _vms.List();

        Assert.All(found.Vms, vm => Assert.Null(vm.Hypervisor));
        Assert.All(found.Vms, vm => Assert.Empty(vm.TapInterfaces));
        Assert.All(found.Vms, vm => Assert.Null(vm.VsockCid));
        Assert.All(found.Vms, vm => Assert.Null(vm.CurrentRunner));
        Assert.Equal(["directory", "linked", "pipe", "secret"], found.Vms.Select(vm => vm.Name));
        Assert.DoesNotContain(found.Problems, problem => problem.Contains("long-secret", StringComparison.Ordinal));
        Assert.Contains(found.Problems, problem => problem.EndsWith("hypervisor holds no name of a hypervisor."));
        Assert.Contains(found.Problems, problem => problem.EndsWith("vsock-cid holds no number."));
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

    private void Runner(string runner, string hypervisor, string taps)
    {
        _root.Write($"store/{runner}/share/microvm/hypervisor", hypervisor);
        _root.Write($"store/{runner}/share/microvm/tap-interfaces", taps);
    }

    private void Link(string vm, string link, string target)
    {
        var directory = Path.GetFullPath(_root.Combine("vms", vm));
        Directory.CreateDirectory(directory);
        File.Delete(Path.Combine(directory, link));
        File.CreateSymbolicLink(Path.Combine(directory, link), target);
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
