using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>A systemd of a user's own, beside the system's, as the node's unit lets it be reached.</summary>
[Collection(nameof(OneHost))]
public sealed class UserManagerTests(OneHost one)
{
    [Fact]
    public async Task A_users_vm_is_seen_and_is_unknown_alone_while_the_users_manager_is_away()
    {
        ThreeHosts.Require();
        var seen = await one.HasAsync(OneHost.UsersVm, vm => vm.State == VmState.Running);
        Assert.Equal(($"microvm-{OneHost.UsersVm}.service", true), (seen.Unit, seen.UserService));
        Assert.NotNull(seen.MainPid);

        // Another user has no manager at all, which is told and nothing else.
        Assert.Contains(
            "VMs of user nobody can't be seen yet, trying again", await one.Host.JournalAsync(), StringComparison.Ordinal);

        await one.Host.ExecAsync("systemctl", "stop", "user-manager.service");
        var lost = await one.HasAsync(OneHost.UsersVm, vm => vm.Stale);
        Assert.Equal((VmState.Unknown, "manager out of reach"), (lost.State, lost.StaleReason));
        Assert.Equal(VmState.Running, (await one.Host.VmAsync("web1")).State);

        // The system's go on meanwhile.
        await one.Host.ExecAsync("systemctl", "stop", "microvm@web1.service");
        await one.HasAsync("web1", vm => vm.State == VmState.Stopped);
        await one.Host.ExecAsync("systemctl", "start", "microvm@web1.service");

        await one.Host.ExecAsync("systemctl", "start", "user-manager.service");
        await one.HasAsync(OneHost.UsersVm, vm => vm is { State: VmState.Running, Stale: false }, seconds: 60);
    }

    [Fact]
    public async Task A_users_unit_of_a_name_that_the_system_has_is_told_and_overwrites_nothing()
    {
        ThreeHosts.Require();
        await one.HasAsync(OneHost.UsersVm, vm => vm is { State: VmState.Running, Stale: false }, seconds: 60);
        await one.Host.ExecAsync(
            "cp", "-r", $"/etc/systemd/user/microvm-{OneHost.UsersVm}.service", "/etc/systemd/user/microvm-web1.service");
        await UserAsync("daemon-reload");

        await Eventually.HoldsAsync("the conflict is told", TimeSpan.FromSeconds(20), async () =>
            (await one.Host.JournalAsync()).Contains(
                "Unit microvm-web1.service (user vmuser) is not taken for a VM: microvm@web1.service is VM web1 already.",
                StringComparison.Ordinal));
        Assert.Equal("microvm@web1.service", (await one.Host.VmAsync("web1")).Unit);

        // A unit file alone makes a candidate.
        await one.Host.ExecAsync("cp", "/etc/systemd/user/microvm-web1.service", "/etc/systemd/user/microvm-spare1.service");
        await one.Host.ExecAsync("rm", "/etc/systemd/user/microvm-web1.service");
        await UserAsync("daemon-reload");
        var spare = await one.HasAsync("spare1", vm => vm.State == VmState.Stopped);
        Assert.True(spare.UserService);
    }

    private Task<string> UserAsync(params string[] command) => one.Host.ExecAsync(
        ["env", "XDG_RUNTIME_DIR=/run/user/60711", "setpriv", "--reuid=60711", "--clear-groups", "systemctl", "--user",
            .. command]);
}
