using Blixard.StateMachine.Commands;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent;

/// <summary>
/// The first of the host's checks: does the unit run? A VM that was never started here is not judged.
/// </summary>
internal static class ServiceStateCheck
{
    public const string Name = "service_state";

    public static CheckResult? Run(AgentVm vm) => vm.Monotonic == 0 && vm.State == VmState.Stopped
        ? null
        : new()
        {
            Name = Name,
            Passed = vm.State == VmState.Running,
            Message = $"Service state: {vm.State}",
        };
}
