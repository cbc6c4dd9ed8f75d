using Blixard.Systemd;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>It is not proven that the VM has stopped: nothing may be told to the cluster.</summary>
internal sealed class NotStoppedException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>
/// The stop of a managed VM that lets it run elsewhere: a revocation. First its right to start here goes, with the
/// generation, on disk; then it is stopped; then systemd and the kernel are asked anew. A start that had passed the
/// gate before is stopped; one that comes later is refused.
/// </summary>
/// <param name="grants">Of this host.</param>
/// <param name="units">systemd.</param>
/// <param name="timers">systemd.</param>
/// <param name="cgroups">Where cgroup v2 is.</param>
internal sealed class Revocation(GrantStore grants, IUnitManager units, IUnitTimers timers, CgroupRoot cgroups)
{
    /// <summary>The units that have a VM's data open beside its own: the gate stands before them too.</summary>
    public static IReadOnlyList<string> UnitsOf(string vm) =>
        [$"microvm@{vm}.service", $"microvm-virtiofsd@{vm}.service"];

    /// <summary>Returns when the VM does not run here, and never will in that generation.</summary>
    /// <param name="timeout">For the stop; a VM may take what its unit allows.</param>
    /// <param name="cancellationToken">Ends the waiting: what was given up stays given up.</param>
    /// <exception cref="NotStoppedException">It may still run. To call it again is right.</exception>
    /// <exception cref="IOException">The grant could not be taken back.</exception>
    public async Task StopAsync(string vm, ulong generation, TimeSpan timeout, CancellationToken cancellationToken)
    {
        grants.GiveUp(vm, generation);
        try
        {
            foreach (var unit in UnitsOf(vm))
            {
                await StopAsync(unit, timeout, cancellationToken);
            }

            foreach (var unit in UnitsOf(vm))
            {
                await ProveStoppedAsync(unit, cancellationToken);
            }
        }
        catch (Exception e) when (e is SystemdUnavailableException or UnitOperationException or TimeoutException)
        {
            throw new NotStoppedException($"VM {vm} may still run: {e.Message}", e);
        }
    }

    /// <summary>
    /// Ends the VM's processes at once; its generation must have been given up, or it is started again.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">systemd is out of reach.</exception>
    public async Task KillAsync(string vm, CancellationToken cancellationToken)
    {
        foreach (var unit in UnitsOf(vm))
        {
            try
            {
                await timers.KillAsync(unit, cancellationToken);
            }
            catch (Exception e) when (e is UnitNotFoundException or UnitOperationException)
            {
                // It does not run: nothing to kill.
            }
        }
    }

    private async Task StopAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await units.StopAsync(unit, timeout, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            // No such unit on this host: nothing to stop.
        }
    }

    /// <summary>Asked now, of systemd and of the kernel; what this process has seen before does not count.</summary>
    private async Task ProveStoppedAsync(string unit, CancellationToken cancellationToken)
    {
        LaunchDetails now;
        try
        {
            now = await timers.GetLaunchAsync(unit, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            return;
        }

        if (now.ActiveState is not ("inactive" or "failed"))
        {
            throw new NotStoppedException($"{unit} is {now.ActiveState} ({now.SubState})");
        }

        if (now.HasJob)
        {
            throw new NotStoppedException($"a job for {unit} is pending");
        }

        // systemd forgets the cgroup of a unit that it thinks empty; the kernel does not.
        var group = now.ControlGroup ?? CgroupRoot.ControlGroupOf(now.Slice, unit);
        if (cgroups.IsPopulated(group))
        {
            throw new NotStoppedException($"{unit} is {now.ActiveState}, and processes are left in {group}");
        }
    }
}
