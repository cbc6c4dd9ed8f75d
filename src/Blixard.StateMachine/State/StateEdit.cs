using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// The work of one command on one state: collects the new entities, and with each the difference it makes to the hash
/// and to the list of changes. An entity is put once per command, complete.
/// </summary>
internal sealed class StateEdit(ClusterState before, Command command)
{
    private readonly ImmutableSortedDictionary<string, ClusterNode>.Builder _nodes = before.Nodes.ToBuilder();
    private readonly ImmutableSortedDictionary<string, Vm>.Builder _vms = before.Vms.ToBuilder();
    private readonly ImmutableArray<Change>.Builder _changes = ImmutableArray.CreateBuilder<Change>();
    private ulong _hash = before.Hash - before.Sessions.Hash;

    /// <summary>The state that the command found.</summary>
    public ClusterState Before { get; } = before;

    public Command Command { get; } = command;

    public ulong Index => Before.Index;

    public ulong Term => Before.Term;

    /// <summary>The proposer's, in Unix milliseconds.</summary>
    public long Now => Command.TimeUnixMs;

    public SessionTable Sessions { get; set; } = before.Sessions;

    public IdempotencyTable IdempotencyKeys { get; set; } = before.IdempotencyKeys;

    public Membership Membership { get; set; } = before.Membership;

    /// <summary>The result is that of an earlier time.</summary>
    public bool Duplicate { get; set; }

    public uint ClusterVersion { get; set; } = before.ClusterVersion;

    /// <summary>In milliseconds; <see cref="ClusterState.LogTime"/>.</summary>
    public long LogTime { get; set; } = before.LogTime;

    public void Put(ClusterNode node, string reason)
    {
        var old = Before.Nodes.GetValueOrDefault(node.Name);
        Account(
            EntityKind.Node,
            node.Name,
            old is null ? null : NodeFields.Of(old),
            NodeFields.Of(node),
            reason);
        _nodes[node.Name] = node;
    }

    public void Put(Vm vm, string reason)
    {
        var old = Before.Vms.GetValueOrDefault(vm.Name);
        if (!ReferenceEquals(old, vm))
        {
            Account(EntityKind.Vm, vm.Name, old is null ? null : VmFields.Of(old, vm), VmFields.Of(vm, old), reason);
            _vms[vm.Name] = vm;
        }
    }

    /// <summary>One annotation differs and nothing else: only it is compared and hashed.</summary>
    public void Annotate(Vm vm, string key, Annotations annotations, string reason)
    {
        if (!ReferenceEquals(vm.Annotations, annotations))
        {
            Account(
                EntityKind.Vm,
                vm.Name,
                VmFields.OfAnnotation(vm.Annotations, key),
                VmFields.OfAnnotation(annotations, key),
                reason);
            _vms[vm.Name] = vm with { Annotations = annotations };
        }
    }

    public void Remove(ClusterNode node, string reason)
    {
        Account(EntityKind.Node, node.Name, NodeFields.Of(node), after: null, reason);
        _nodes.Remove(node.Name);
    }

    public void Remove(Vm vm, string reason)
    {
        Account(EntityKind.Vm, vm.Name, VmFields.Of(vm, other: null), after: null, reason);
        _vms.Remove(vm.Name);
    }

    public Applied Applied() => new(Index);

    public ApplyOutcome Finish(CommandResult result)
    {
        var sessions = Sessions.Record(Command, Index, LogTime, result);
        if (!ReferenceEquals(Membership, Before.Membership))
        {
            _hash += StateHash.Of(Membership) - StateHash.Of(Before.Membership);
        }

        if (!ReferenceEquals(IdempotencyKeys, Before.IdempotencyKeys))
        {
            _hash += IdempotencyKeys.Hash - Before.IdempotencyKeys.Hash;
        }

        if (ClusterVersion != Before.ClusterVersion)
        {
            _hash += StateHash.OfSettings(Before.Settings, ClusterVersion)
                - StateHash.OfSettings(Before.Settings, Before.ClusterVersion);
        }

        if (LogTime != Before.LogTime)
        {
            _hash += StateHash.OfLogTime(LogTime) - StateHash.OfLogTime(Before.LogTime);
        }

        var state = Before with
        {
            ClusterVersion = ClusterVersion,
            LogTime = LogTime,
            Nodes = _nodes.ToImmutable(),
            Vms = _vms.ToImmutable(),
            Membership = Membership,
            IdempotencyKeys = IdempotencyKeys,
            Sessions = sessions,
            Hash = _hash + sessions.Hash,
        };
        return new ApplyOutcome(state, result, _changes.DrainToImmutable(), Command.ClientId, Command.Sequence)
        {
            Nonce = Command.OpenSession?.Nonce ?? 0,
            Duplicate = Duplicate,
        };
    }

    private void Account(EntityKind entity, string name, FieldList? before, FieldList? after, string reason)
    {
        var kind = before is null ? ChangeKind.Create : after is null ? ChangeKind.Delete : ChangeKind.Modify;
        before ??= new FieldList();
        after ??= new FieldList();
        _hash += after.Hash(entity, name) - before.Hash(entity, name);
        var fields = after.Since(before);
        if (!fields.IsEmpty)
        {
            _changes.Add(new Change(Index, Now, kind, entity, name, reason, fields));
        }
    }
}
