using Blixard.Node.Fencing;
using Blixard.Systemd;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Units;

namespace Blixard.Node.Tests.Fencing;

public sealed class RevocationTests : IDisposable
{
    private const string Unit = "microvm@web1.service";
    private const string Helper = "microvm-virtiofsd@web1.service";
    private const string Group = "/blixard.slice/blixard-strict.slice/microvm@web1.service";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(3);

    private readonly FenceRoom _room = new();
    private readonly TemporaryDirectory _cgroups = new();
    private readonly Revocation _revocation;

    public RevocationTests()
    {
        _revocation = new(_room.Grants, _room.Pid1, _room.Pid1, new CgroupRoot(_cgroups.Path));
        foreach (var unit in (string[])[Unit, Helper])
        {
            _room.Pid1.Define(new()
            {
                Name = unit,
                LoadState = "loaded",
                ActiveState = "active",
                SubState = "running",
                Slice = "blixard-strict.slice",
            });
        }

        _room.Grants.Issue(new("web1", GatePolicy.Strict, 12, 3));
        Populated(Group, false);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _cgroups.Dispose();
        _room.Dispose();
    }

    [Fact]
    public async Task The_grant_goes_and_the_tombstone_is_there_before_anything_is_stopped()
    {
        var rightsAtFirstStop = (Grant: _room.Grants.Find("web1"), Tombstone: (ulong?)0);
        _room.Pid1.Before = call =>
        {
            if (call == $"stop {Unit}")
            {
                rightsAtFirstStop = (_room.Grants.Find("web1"), _room.Grants.Tombstone("web1"));
            }
        };

        await _revocation.StopAsync("web1", 12, Long, Token);

        Assert.Equal((null, 12ul), rightsAtFirstStop);
        // Asked anew, after all has been stopped.
        Assert.Equal([$"stop {Unit}", $"stop {Helper}", $"ask {Unit}", $"ask {Helper}"], _room.Pid1.Calls);
    }

    [Theory]
    [InlineData("deactivating", false, "is deactivating")]
    [InlineData("activating", false, "is activating")]
    [InlineData("active", false, "is active")]
    [InlineData("inactive", true, "a job for")]
    public async Task A_vm_that_is_not_inactive_without_a_job_has_not_stopped(string active, bool job, string why)
    {
        _room.Pid1.OnStop = unit => _room.Pid1.Change(unit, s => s with { ActiveState = active, HasJob = job });

        await NotStoppedAsync(why);
    }

    [Fact]
    public async Task Processes_that_are_left_are_found_in_the_kernel_also_where_systemd_has_forgotten_them()
    {
        Populated(Group, true);
        await NotStoppedAsync("processes are left");
        Populated(Group, false);
        await _revocation.StopAsync("web1", 12, Long, Token);

        Populated("/blixard.slice/blixard-strict.slice/" + Helper, true);
        await NotStoppedAsync("processes are left");
    }

    [Fact]
    public async Task A_cgroup_that_cannot_be_read_proves_nothing()
    {
        File.WriteAllText(Path.Combine(_cgroups.Path + Group, "cgroup.events"), "?");
        await NotStoppedAsync("processes are left");
    }

    [Fact]
    public async Task A_bus_that_is_gone_leaves_the_generation_given_up_and_the_rest_unproven()
    {
        _room.Pid1.Unavailable = true;
        await NotStoppedAsync("the bus is gone");
        Assert.Equal(12ul, _room.Grants.Tombstone("web1"));
        Assert.Null(_room.Grants.Find("web1"));

        _room.Pid1.Unavailable = false;
        await _revocation.StopAsync("web1", 12, Long, Token);
    }

    [Fact]
    public async Task A_host_that_does_not_know_the_vm_does_not_run_it()
    {
        await _revocation.StopAsync("other", 12, Long, Token);
        Assert.Equal(12ul, _room.Grants.Tombstone("other"));
    }

    private async Task NotStoppedAsync(string why)
    {
        var not = await Assert.ThrowsAsync<NotStoppedException>(() => _revocation.StopAsync("web1", 12, Long, Token));
        Assert.Contains(why, not.Message, StringComparison.Ordinal);
    }

    private void Populated(string group, bool populated)
    {
        Directory.CreateDirectory(_cgroups.Path + group);
        File.WriteAllText(
            Path.Combine(_cgroups.Path + group, "cgroup.events"), $"populated {(populated ? 1 : 0)}\nfrozen 0\n");
    }
}
