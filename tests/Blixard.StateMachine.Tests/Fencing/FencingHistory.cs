using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

/// <summary>
/// What was proved, told from the commands that were applied and not from what the state makes of them: the judge of I2
/// (no AssignVM without its proof) and I3 (epochs and generations only grow).
/// </summary>
internal sealed class FencingHistory
{
    /// <summary>One per generation: where, and in which slice of trust.</summary>
    private sealed class Copy(string node)
    {
        public string Node { get; } = node;

        public bool Gated { get; set; }

        public bool Ended { get; set; }

        public string Why { get; set; } = "nothing";
    }

    private readonly SortedDictionary<(string Vm, ulong Generation), Copy> _copies = [];
    private readonly SortedDictionary<string, ulong> _epochs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ulong> _generations = new(StringComparer.Ordinal);

    /// <summary>Nodes of before a recovery that have neither rejoined nor been confirmed dead.</summary>
    private readonly SortedSet<string> _unknown = new(StringComparer.Ordinal);

    public int Assigned { get; private set; }

    public SortedDictionary<string, int> Proofs { get; } = new(StringComparer.Ordinal);

    /// <param name="before">The state that the command found.</param>
    /// <param name="command">Applied at the index of <paramref name="after"/>.</param>
    /// <param name="after">What it made of it.</param>
    public void Follow(ClusterState before, Command command, ClusterState after)
    {
        Judge(before, command, after);
        Grow(after);
    }

    private void Judge(ClusterState before, Command command, ClusterState after)
    {
        switch (command.BodyCase)
        {
            case Command.BodyOneofCase.ManageVm:
                Managed(before, command.ManageVm, after);
                break;
            case Command.BodyOneofCase.AssignVm:
                Assign(before, command, after);
                break;
            case Command.BodyOneofCase.ReportGated:
                _copies[(command.ReportGated.Vm, command.ReportGated.Generation)].Gated = true;
                break;
            case Command.BodyOneofCase.ReportStopped:
                Stop(before, command.ReportStopped);
                break;
            case Command.BodyOneofCase.FenceNode:
                var suspected = before.Nodes[command.FenceNode.Node].Lease;
                Assert.Equal((LeaseStanding.Suspect, command.FenceNode.Epoch), (suspected.Standing, suspected.Epoch));
                End(before, command.FenceNode.Node, strictOnly: true, "fence");
                break;
            case Command.BodyOneofCase.RejoinNode:
                _unknown.Remove(command.RejoinNode.Node);
                End(before, command.RejoinNode.Node, strictOnly: true, "rejoin");
                break;
            case Command.BodyOneofCase.ConfirmNodeDead:
                _unknown.Remove(command.ConfirmNodeDead.Node);
                End(before, command.ConfirmNodeDead.Node, strictOnly: false, "confirmed dead");
                break;
            case Command.BodyOneofCase.AdoptCluster when before.ClusterId != 0 && before.ClusterId != after.ClusterId:
                _unknown.UnionWith(before.Nodes.Values.Where(node => node.Lease.Epoch > 0).Select(node => node.Name));
                foreach (var vm in after.Vms.Values.Where(vm => vm.Placement is not null))
                {
                    _copies[(vm.Name, vm.Placement!.Generation)] = new Copy("") { Why = "recovery" };
                }

                break;
            default:
                break;
        }
    }

    private void Managed(ClusterState before, ManageVM body, ClusterState after)
    {
        var (old, now) = (before.Vms[body.Vm].Placement, after.Vms[body.Vm].Placement!);
        if (old?.Generation != now.Generation)
        {
            // It only goes on where it was.
            Assert.True(old is null || old.Node == now.Node, $"{body.Vm} moved by ManageVM");
            _copies[(body.Vm, now.Generation)] = new Copy(now.Node);
        }
        else if (!now.IsGated)
        {
            _copies[(body.Vm, now.Generation)].Gated = false;
        }
    }

    private void Assign(ClusterState before, Command command, ClusterState after)
    {
        var body = command.AssignVm;
        var (node, old) = (before.Nodes[body.Node], before.Vms[body.Vm].Placement!);
        var copy = _copies[(body.Vm, old.Generation)];
        Assert.Equal(body.Replaces, old.Generation);
        Assert.Equal(after.Term, command.DecidedTerm);
        Assert.Equal((LeaseStanding.Active, body.Epoch), (node.Lease.Standing, node.Lease.Epoch));
        if (copy.Why == "recovery")
        {
            var undecided = before.Vms[body.Vm].Observations.Keys.Where(name => name != body.Node && _unknown.Contains(name));
            Assert.Empty(undecided);
        }
        else
        {
            Assert.True(copy.Ended, $"{body.Vm} of generation {old.Generation} on {copy.Node} may run: {copy.Why}");
        }

        Proofs[copy.Why] = Proofs.GetValueOrDefault(copy.Why) + 1;
        Assigned++;
        var now = after.Vms[body.Vm].Placement!;
        _copies.Add((body.Vm, now.Generation), new Copy(now.Node) { Gated = now.IsGated });
    }

    private void Stop(ClusterState before, ReportStopped body)
    {
        var lease = before.Nodes[body.Node].Lease;
        var copy = _copies[(body.Vm, body.Generation)];
        Assert.Equal((body.Epoch, body.BootId, body.Node), (lease.Epoch, lease.BootId, copy.Why == "recovery" ? body.Node : copy.Node));
        if (copy.Why != "recovery")
        {
            (copy.Ended, copy.Why) = (true, copy.Ended ? copy.Why : "stopped");
        }
    }

    private void End(ClusterState before, string node, bool strictOnly, string why)
    {
        foreach (var vm in before.Vms.Values)
        {
            if (vm.Placement is { } placement && placement.Node == node
                && _copies.TryGetValue((vm.Name, placement.Generation), out var copy) && !copy.Ended
                && copy.Why != "recovery"
                && (!strictOnly || (copy.Gated && vm.Management!.Policy == FailoverPolicy.Strict)))
            {
                (copy.Ended, copy.Why) = (true, why);
            }
        }
    }

    private void Grow(ClusterState state)
    {
        foreach (var node in state.Nodes.Values)
        {
            Assert.True(node.Lease.Epoch >= _epochs.GetValueOrDefault(node.Name), $"{node.Name} went back in its epochs");
            _epochs[node.Name] = node.Lease.Epoch;
        }

        foreach (var removed in _epochs.Keys.Where(name => !state.Nodes.ContainsKey(name)).ToList())
        {
            // Its member never comes back, and a new member of the name begins anew.
            _epochs.Remove(removed);
        }

        foreach (var vm in state.Vms.Values)
        {
            if (vm.Placement is { } placement)
            {
                Assert.True(
                    placement.Generation >= _generations.GetValueOrDefault(vm.Name), $"{vm.Name} went back in its generations");
                _generations[vm.Name] = placement.Generation;
            }
        }
    }
}
