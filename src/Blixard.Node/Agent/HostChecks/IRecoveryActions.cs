namespace Blixard.Node.Agent.HostChecks;

/// <summary>What a recovery needs of the world.</summary>
internal interface IRecoveryActions
{
    /// <summary>Stops and starts the VM's unit, and clears its failure and its start limit first.</summary>
    /// <exception cref="Systemd.SystemdUnavailableException">systemd can't be asked.</exception>
    /// <exception cref="Systemd.UnitNotFoundException">There is no such unit any more.</exception>
    /// <exception cref="Systemd.UnitOperationException">systemd refused, or the job failed.</exception>
    /// <exception cref="TimeoutException">The job takes longer than the VM may take to stop.</exception>
    Task RestartAsync(AgentVm vm, CancellationToken cancellationToken);
}

/// <summary>By systemd, in the manager that has the unit.</summary>
internal sealed class UnitRestarts(AgentBuses buses) : IRecoveryActions
{
    // microvm.nix gives a guest 150 s to shut down (TimeoutSec=), and its start as long.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(330);

    public async Task RestartAsync(AgentVm vm, CancellationToken cancellationToken)
    {
        var units = buses.All.First(bus => bus.Name == vm.Bus).Units;
        if (vm.State == Systemd.MicroVms.VmState.Failed)
        {
            await units.ResetFailedAsync(vm.Unit, cancellationToken);
        }

        await units.RestartAsync(vm.Unit, Timeout, cancellationToken);
    }
}
