using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>
/// Puts every managed VM of the cluster behind this host's gate, and finds out for which of them the cluster may be
/// told so: the name is on the disk, the unit starts through the gate, and nothing of it runs here that should not.
/// </summary>
internal sealed class GateInstaller(
    string node, string bootId, ManagedList list, VmDropIns dropIns, IUnitManager units, IUnitTimers timers)
{
    private (ulong Index, IReadOnlyList<(string Vm, GatePolicy Policy)> Vms)? _written;

    /// <summary>Why a VM's gate is not there, by VM, as of the last time.</summary>
    public IReadOnlyDictionary<string, string> Problems { get; private set; } = new Dictionary<string, string>();

    /// <summary>
    /// Writes the list of the state, on disk when this returns. The first one of a process must come from a state that
    /// a quorum has confirmed: an older one may lack a name, which then would start here without a grant.
    /// </summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void WriteList(ClusterState state)
    {
        var vms = ManagedVms.ListOf(state).ToArray();
        if (_written is not { } written || !written.Vms.SequenceEqual(vms))
        {
            list.Replace(state.Index, vms);
            _written = (state.Index, vms);
        }
    }

    /// <summary>
    /// Moves the units of strict VMs into the strict slice, and those of others out of it, for their next start.
    /// </summary>
    /// <exception cref="IOException">A drop-in can't be written.</exception>
    /// <exception cref="SystemdUnavailableException">systemd is out of reach.</exception>
    public async Task PlaceUnitsAsync(ClusterState state, CancellationToken cancellationToken)
    {
        var strict = state.Vms.Values
            .Where(vm => ManagedVms.WantsStrictSlice(vm) && IsOfThisHost(vm))
            .Select(vm => vm.Name).ToHashSet(StringComparer.Ordinal);
        var changed = false;
        foreach (var vm in strict.Concat(dropIns.Names()).Distinct(StringComparer.Ordinal))
        {
            changed |= dropIns.Set(vm, strict.Contains(vm));
        }

        if (changed)
        {
            await units.ReloadAsync(cancellationToken);
        }
    }

    /// <summary>The gates that the cluster does not know of yet, each proven now. Null: there is none.</summary>
    /// <exception cref="SystemdUnavailableException">systemd is out of reach.</exception>
    public async Task<GateInstalled?> ProveAsync(ClusterState state, CancellationToken cancellationToken)
    {
        var problems = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var told = new GateInstalled { Node = node, BootId = bootId };
        if (state.Nodes.TryGetValue(node, out var self) && self.Lease.IsHeld && self.Lease.BootId == bootId)
        {
            foreach (var vm in state.Vms.Values.Where(vm => vm.Management is not null && IsOfThisHost(vm)))
            {
                if (Gates.IsCurrent(vm.Management!, self))
                {
                    continue;
                }

                if (await RefuseAsync(vm, cancellationToken) is { } problem)
                {
                    problems.Add(vm.Name, problem);
                }
                else
                {
                    told.Gates.Add(new GateInstalled.Types.Gate { Vm = vm.Name, ManageIndex = vm.Management!.Index });
                }
            }
        }

        Problems = problems;
        return told.Gates.Count > 0 ? told : null;
    }

    private bool IsOfThisHost(Vm vm) =>
        vm.IsDefinedOn(node)
        || vm.Placement?.Node == node
        || vm.Management?.Candidates.Contains(node) == true;

    private async Task<string?> RefuseAsync(Vm vm, CancellationToken cancellationToken)
    {
        foreach (var unit in Revocation.UnitsOf(vm.Name))
        {
            LaunchDetails launch;
            try
            {
                launch = await timers.GetLaunchAsync(unit, cancellationToken);
            }
            catch (UnitNotFoundException) when (unit != Revocation.UnitsOf(vm.Name)[0])
            {
                // Not every host has the helper.
                continue;
            }
            catch (UnitNotFoundException e)
            {
                return e.Message;
            }

            if (GateCheck.Refuse(launch, vm.Name, ManagedVms.WantsStrictSlice(vm)) is { } open)
            {
                return open;
            }

            // A copy that was there before the gate: a second one, for the cluster knows where the first is.
            if (vm.Placement?.Node != node && launch.ActiveState is not ("inactive" or "failed" or "activating"))
            {
                return $"{unit} is {launch.ActiveState} here, and placed on {vm.Placement?.Node}";
            }
        }

        return null;
    }
}
