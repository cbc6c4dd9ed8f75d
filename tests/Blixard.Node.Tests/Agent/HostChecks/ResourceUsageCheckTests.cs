using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.State;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Tests.Agent.HostChecks;

public sealed class ResourceUsageCheckTests
{
    private const ulong Mebibyte = 1 << 20;

    [Theory]
    [InlineData(12.3, 456, 1024, true, "CPU: 12.3%, Memory: 456MB")]
    [InlineData(90.0, 456, 1024, false, "CPU: 90.0%, Memory: 456MB")]
    [InlineData(12.3, 922, 1024, false, "CPU: 12.3%, Memory: 922MB")]
    [InlineData(12.3, 921, 1024, true, "CPU: 12.3%, Memory: 921MB")]
    [InlineData(12.3, 4000, null, true, "CPU: 12.3%, Memory: 4000MB (no limit of memory is known)")]
    [InlineData(null, 456, 1024, true, "CPU: n/a, Memory: 456MB (CPU is not known yet)")]
    [InlineData(12.3, null, null, true, "CPU: 12.3%, Memory: n/a (memory can't be measured here)")]
    [InlineData(null, null, null, true, "CPU: n/a, Memory: n/a (CPU and memory can't be measured here)")]
    public void Use_is_judged_by_its_limits_and_what_is_missing_is_said(
        double? cpu, int? memory, int? limit, bool passed, string message)
    {
        var check = Run(Vm(cpu, memory, limit), VmHealthPolicy.None);

        Assert.Equal((passed, message), (check?.Passed, check?.Message));
    }

    [Fact]
    public void A_policy_goes_before_the_hosts_limits()
    {
        Assert.False(Run(Vm(50, 100, 1024), VmHealthPolicy.None with { MaxCpuPercent = 50 })?.Passed);
        Assert.False(Run(Vm(50, 100, 1000), VmHealthPolicy.None with { MaxMemoryPercent = 10 })?.Passed);
    }

    [Fact]
    public void A_vm_that_does_not_run_is_not_judged() => Assert.Null(
        Run(Vm(99, 100, 100) with { State = VmState.Stopped }, VmHealthPolicy.None));

    private static HostCheck? Run(AgentVm vm, VmHealthPolicy policy) =>
        ResourceUsageCheck.Run(vm, policy, HealthSettings.Usual);

    private static AgentVm Vm(double? cpu, int? memory, int? limit) => new()
    {
        Name = "web1",
        Unit = "microvm@web1.service",
        Scope = UnitScope.System,
        State = VmState.Running,
        Sample = new(
            DateTimeOffset.UnixEpoch.AddDays(1),
            new CgroupSample(
                0, null, Bytes(memory), Bytes(limit), null, null, null, null, null, null, null),
            cpu,
            null),
    };

    private static ulong? Bytes(int? mebibytes) => mebibytes is { } value ? (ulong)value * Mebibyte : null;
}
