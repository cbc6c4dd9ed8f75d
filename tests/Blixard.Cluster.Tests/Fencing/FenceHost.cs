using System.Globalization;
using Blixard.Node.Fencing;

namespace Blixard.Cluster.Tests.Fencing;

/// <summary>The host is there for as long as these tests are.</summary>
[CollectionDefinition(nameof(FenceHost))]
public sealed class OnFenceHost : ICollectionFixture<FenceHost>;

/// <summary>
/// One real host with the gate and the fence as packaging installs them, and without a node: what a node would write,
/// the tests write. Its VMs are defined and not started; each test leaves none running and no file of the gate behind.
/// </summary>
public sealed class FenceHost : IAsyncLifetime
{
    public const string Strict = "blixard-strict.slice";

    /// <summary>Ends only by SIGKILL.</summary>
    public const string Stubborn = "stubborn1";

    /// <summary>Ends when it is told.</summary>
    public const string Idle = "idle1";

    internal const string Name = "f1";
    private const string Address = "10.88.0.71";
    private const string StrictCgroup = "/sys/fs/cgroup/blixard.slice/blixard-strict.slice";

    public string Bus { get; private set; } = "";

    /// <summary>Where the product's own code writes for this host's gate.</summary>
    internal GatePaths Paths => new(In("/run/blixard"), In("/var/lib/blixard-gate"));

    public string BootId { get; private set; } = "";

    private string Root { get; set; } = "";

    /// <summary>The host's CLOCK_BOOTTIME, in microseconds; it is this machine's too (proc(5), uptime).</summary>
    internal static long Now => (long)(decimal.Parse(
        File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture) * 1_000_000);

    public async ValueTask InitializeAsync()
    {
        if (Hosts.Program is not null)
        {
            await BootAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Hosts.Program is not null)
        {
            await Hosts.TryAsync("kill", Name);
            await Hosts.TryAsync("clean", Name);
        }
    }

    /// <summary>Boots it, also after it has reset itself, and defines its VMs.</summary>
    internal async Task BootAsync(params string[] options)
    {
        await Hosts.RunAsync(["up", Name, Address, "--fence", .. options]);
        await Hosts.RunAsync("vm", Name, Stubborn, "stubborn");
        await Hosts.RunAsync("vm", Name, Idle, "idle");
        Bus = $"unix:path={await Hosts.RunAsync("bus", Name)}";
        Root = $"/proc/{await Hosts.RunAsync("pid", Name)}/root";
        BootId = (await File.ReadAllTextAsync(In("/proc/sys/kernel/random/boot_id"))).Trim();
    }

    internal async Task<bool> IsUpAsync() => (await Hosts.RunAsync("list")).Contains($"{Name} {Address} up");

    /// <summary>Runs a command in the host; what it printed.</summary>
    internal static Task<string> ExecAsync(params IEnumerable<string> command) => Hosts.ExecAsync(Name, command);

    internal static Task<string> ShellAsync(string script) => ExecAsync("bash", "-euc", script);

    internal static Task<string> ShowAsync(string unit, string property) =>
        ExecAsync("systemctl", "show", "-p", property, "--value", unit);

    /// <summary>A file of the host.</summary>
    internal string In(string path) => Root + path;

    internal void Write(string path, string content) => File.WriteAllText(In(path), content);

    /// <summary>The list that every node has of all VMs that are managed.</summary>
    internal void Manage(params (string Vm, string Policy)[] vms) => Write(
        "/var/lib/blixard-gate/managed",
        "managed 1 17\n" + string.Concat(vms.Select(vm => $"vm {vm.Vm} {vm.Policy}\n")) + "end\n");

    internal static string GrantText(string vm, string policy, string boot, long generation = 5, long epoch = 3) =>
        $"grant 1\nvm {vm}\ngeneration {generation}\npolicy {policy}\nepoch {epoch}\nboot {boot}\nend\n";

    internal void Grant(
        string vm, string policy = "strict", long generation = 5, long epoch = 3, string? boot = null) =>
        Write(
            (policy == "none" ? "/var/lib/blixard-gate/grants/" : "/run/blixard/grants/") + vm,
            GrantText(vm, policy, boot ?? BootId, generation, epoch));

    internal static string LeaseText(string boot, long deadline, long epoch = 3) =>
        $"lease 1\nboot {boot}\nepoch {epoch}\ndeadline {deadline}\nend\n";

    internal void Lease(TimeSpan left, long epoch = 3, string? boot = null) => Write(
        "/run/blixard/lease", LeaseText(boot ?? BootId, Now + (long)left.TotalMicroseconds, epoch));

    /// <summary>Puts the VMs' units into the strict slice, as the agent does it.</summary>
    internal async Task MakeStrictAsync(params string[] vms)
    {
        foreach (var vm in vms)
        {
            var directory = In($"/run/systemd/system/microvm@{vm}.service.d");
            Directory.CreateDirectory(directory);
            await File.WriteAllTextAsync(
                Path.Combine(directory, "50-blixard.conf"),
                $"[Unit]\nAfter=blixard-anchor.service\n[Service]\nSlice={Strict}\n");
        }

        await ExecAsync("systemctl", "daemon-reload");
    }

    /// <summary>All that a strict VM needs in order to start, written by the product.</summary>
    internal async Task AllowAsync(params string[] vms)
    {
        new ManagedList(Paths).Replace(17, vms.Select(vm => (vm, GatePolicy.Strict)));
        var grants = new GrantStore(Paths, BootId);
        foreach (var vm in vms)
        {
            grants.Issue(new(vm, GatePolicy.Strict, Generation: 5, Epoch: 3));
        }

        new LeaseFile(Paths, BootId).Replace(
            new(Epoch: 3, Now, Now + (long)TimeSpan.FromMinutes(10).TotalMicroseconds));
        await MakeStrictAsync(vms);
    }

    /// <summary>What no test has left behind.</summary>
    internal static async Task CleanAsync()
    {
        await ShellAsync(
            "systemctl stop --no-block 'microvm@*.service' 'blixard-fence@*.timer'; "
                + "systemctl kill --signal=KILL 'microvm@*.service' 2>/dev/null || true; "
                + "systemctl stop 'microvm@*.service'; systemctl reset-failed; "
                + "rm -rf /run/blixard/lease /run/blixard/canary /run/blixard/grants/* /run/systemd/system/microvm@* "
                + "/var/lib/blixard-gate/managed /var/lib/blixard-gate/grants/* /var/lib/blixard-gate/tombstones/*; "
                + "systemctl daemon-reload");
    }

    internal string? Cgroup(string file)
    {
        try
        {
            return File.ReadAllText(In($"{StrictCgroup}/{file}"));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether the kernel says that a process is in the strict slice.</summary>
    internal bool AnyIsAlive => Cgroup("cgroup.events")?.Contains("populated 1", StringComparison.Ordinal) ?? false;

    /// <summary>Whether a unit's main process lives now.</summary>
    internal static async Task<bool> RunsAsync(string vm) =>
        await ShowAsync($"microvm@{vm}.service", "SubState") == "running";

    internal static Task<string> JournalAsync(string unit) =>
        ExecAsync("journalctl", "-b", "-u", unit, "-o", "cat", "--no-pager", "-q");
}
