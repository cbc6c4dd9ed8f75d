using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

/// <summary>
/// A seeded stream of commands about leases and managed VMs over few names. Most are made to fit the state they will
/// find, so that histories get deep; the rest are late, forged, of another epoch, boot, generation or term, or sent
/// again.
/// </summary>
internal sealed class FencingStream(int seed)
{
    private static readonly string[] Names = ["n1", "n2", "n3", "n4"];
    private static readonly string[] Vms = ["a", "b", "c"];

    private readonly Random _random = new(seed);
    private readonly List<Command> _sent = [];
    private readonly ulong[] _observation = new ulong[5];
    private readonly int[] _boot = [1, 1, 1, 1, 1];
    private long _now = Replica.Start;

    /// <param name="state">Which the command will find if it is committed next.</param>
    public Command Next(ClusterState state)
    {
        _now += _random.Next(0, 3000);
        if (_sent.Count > 0 && Chance(10))
        {
            return _sent[_random.Next(_sent.Count)];
        }

        var command = Make(state).At(_now);
        if (command.DecidedTerm != 0 && Chance(25))
        {
            command.DecidedTerm += 1;
        }

        _sent.Add(command);
        return command;
    }

    private Command Make(ClusterState state)
    {
        var name = Names[_random.Next(Names.Length)];
        var vmName = Vms[_random.Next(Vms.Length)];
        if (!state.Nodes.TryGetValue(name, out var node))
        {
            return Tests.Make.RegisterNode(name, Boot(name));
        }

        if (!state.Vms.TryGetValue(vmName, out var vm) || !vm.Observations.ContainsKey(name))
        {
            return Tests.Make.RegisterVM(vmName, name, Chance(12) ? VmState.Running : VmState.Stopped);
        }

        if (vm.Placement is not { } placement)
        {
            return node.Lease.Epoch == 0 || Chance(4) ? Rejoin(node) : Manage(vm, name);
        }

        var (lease, epoch) = (node.Lease, Off(node.Lease.Epoch));
        return _random.Next(40) switch
        {
            0 or 1 => Tests.Make.Suspect(name, epoch),
            2 => Tests.Make.Clear(name, epoch, Off(lease.SuspectedAt)),
            3 or 4 or 5 => Fence(state, node),
            6 => Tests.Make.Dead(name, lease.Epoch),
            7 or 8 or 9 => Rejoin(node),
            10 => Tests.Make.Lost(name),
            11 or 36 or 37 => Tests.Make.Active(name),
            12 => Chance(4) ? Tests.Make.Drain(name) : Tests.Make.Undrain(name, Chance(2)),
            13 or 14 => Manage(vm, placement.Node),
            15 => Chance(3) ? Tests.Make.Unmanage(vmName) : Tests.Make.RemoveVM(vmName),
            16 => Tests.Make.Want(vmName, Chance(5) ? DesiredState.Stopped : DesiredState.Running),
            17 or 18 or 19 or 20 or 25 => Assign(state, vm, placement),
            21 or 22 or 30 or 31 or 32 or 33 => Gate(state, node, vm),
            23 or 34 or 35 => Gated(state, vm, placement),
            24 => Stopped(state, vm, placement),
            26 or 38 or 39 => Report(node),
            27 => Chance(2)
                ? Tests.Make.Begin(vmName, (OperationKind)_random.Next(1, 6))
                : Tests.Make.SettleOf(vmName, vm.Operation?.Index ?? 1, Chance(2) ? "no" : ""),
            28 => Term(state),
            _ => Chance(6) ? Tests.Make.Adopt((ulong)_random.Next(1, 4)) : Membership(state, name),
        };
    }

    private Command Manage(Vm vm, string node)
    {
        var policy = (FailoverPolicy)_random.Next(1, 4);
        var command = Tests.Make.Manage(vm.Name, vm.Placement is null ? node : "", policy);
        if (Chance(4))
        {
            command.ManageVm.Candidates.AddRange([node, .. Names.Where(other => other != node && Chance(2))]);
        }

        return command;
    }

    private Command Rejoin(ClusterNode node)
    {
        if (Chance(3))
        {
            _boot[Number(node.Name)]++;
        }

        return Tests.Make.Rejoin(node.Name, Off(node.Lease.Epoch) + 1, Boot(node.Name));
    }

    private Command Fence(ClusterState state, ClusterNode node)
    {
        node = state.Nodes.Values.FirstOrDefault(other => other.Lease.SuspectedAt != 0) ?? node;
        return Tests.Make.Fence(node.Name, Off(node.Lease.Epoch), Off(node.Lease.SuspectedAt));
    }

    /// <summary>Mostly of one that waits, to a node that is fit.</summary>
    private Command Assign(ClusterState state, Vm vm, Placement placement)
    {
        if (!Chance(5) && state.Vms.Values.FirstOrDefault(each => each.Placement is
            {
                State: not (PlacementState.Assigned or PlacementState.Running),
            }) is { } waiting)
        {
            (vm, placement) = (waiting, waiting.Placement!);
        }

        var node = state.Nodes.Values.FirstOrDefault(each => Targets.Refuse(state, vm, each.Name) is null);
        node = node is null || Chance(5) ? state.Nodes.Values.ElementAt(_random.Next(state.Nodes.Count)) : node;
        return Tests.Make.AssignTo(
            vm.Name, node.Name, Math.Max(1, Off(node.Lease.Epoch)), Off(placement.Generation));
    }

    private Command Gate(ClusterState state, ClusterNode node, Vm vm)
    {
        // All at once, mostly: the promise should begin often.
        var all = state.Vms.Values.Where(other => other.Management is not null)
            .Select(other => (other.Name, other.Management!.Index)).ToArray();
        return Tests.Make.Gate(
            node.Name,
            Chance(10) ? "boot-x" : node.Lease.BootId.Length == 0 ? Boot(node.Name) : node.Lease.BootId,
            Chance(4) ? [(vm.Name, Off(vm.Management!.Index))] : all);
    }

    private Command Gated(ClusterState state, Vm vm, Placement placement)
    {
        var lease = state.Nodes.GetValueOrDefault(placement.Node)?.Lease ?? NodeLease.None;
        return Tests.Make.Gated(
            vm.Name,
            Off(placement.Generation),
            placement.Node,
            Math.Max(1, Off(lease.Epoch)),
            lease.BootId.Length == 0 || Chance(10) ? "boot-x" : lease.BootId);
    }

    private Command Stopped(ClusterState state, Vm vm, Placement placement)
    {
        var lease = state.Nodes.GetValueOrDefault(placement.Node)?.Lease ?? NodeLease.None;
        return Tests.Make.Stopped(
            vm.Name,
            Off(placement.Generation),
            Chance(10) ? "n1" : placement.Node,
            Math.Max(1, Off(lease.Epoch)),
            lease.BootId.Length == 0 || Chance(10) ? "boot-x" : lease.BootId);
    }

    private Command Report(ClusterNode node)
    {
        var vms = Vms.Select(vm => Tests.Make.Seen(vm, Chance(10) ? VmState.Running : VmState.Stopped));
        var sequence = ++_observation[Number(node.Name)];
        return Tests.Make.Report(node.Name, sequence, Boot(node.Name), Chance(3), [.. vms.Where(_ => Chance(2))]);
    }

    private Command Term(ClusterState state) => _random.Next(3) switch
    {
        0 => Tests.Make.SetTerm(Chance(2) ? LeaseProfile.Fast : LeaseProfile.Standard),
        1 => Tests.Make.Lower(Off(state.Terms.SetAt) == 0 ? 1 : Off(state.Terms.SetAt)),
        _ => Command.Of(new SetSettings { MaxMoving = (uint)_random.Next(1, 4) }).By("n1"),
    };

    private Command Membership(ClusterState state, string node) => state.Membership.Pending is { } pending
        ? Tests.Make.Settle(pending.Request, Chance(2) ? "no" : "")
        : Tests.Make.Ask(MembershipChangeKind.Remove, node);

    /// <summary>Now and then one that is wrong.</summary>
    private ulong Off(ulong number) => Chance(12) ? number + (ulong)_random.Next(1, 3) : number;

    private string Boot(string node) => $"boot-{_boot[Number(node)]}";

    private static int Number(string node) => node[1] - '0';

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
