using Blixard.Node.Agent.HostChecks;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent;

/// <summary>
/// The first of the host's checks: does the unit run? A VM that was never started here is not judged. Made whenever the VM
/// is told of, so that it always fits the state beside it.
/// </summary>
internal static class ServiceStateCheck
{
    public const string Name = "service_state";

    /// <param name="vm">As it is seen now.</param>
    /// <param name="message">With {state} in it; null: the usual one.</param>
    public static HostCheck? Run(AgentVm vm, string? message = null) => vm.Monotonic == 0 && vm.State == VmState.Stopped
        ? null
        : new(
            Name,
            vm.State == VmState.Running,
            HostHealth.Short((message ?? HealthSettings.Usual.ServiceStateMessage).Replace(
                "{state}", vm.State.ToString(), StringComparison.Ordinal)),
            Critical: true);
}
