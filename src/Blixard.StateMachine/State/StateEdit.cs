using System.Collections.Immutable;
using System.Diagnostics;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// The work of one command on a draft: brings in the new entities, and with each the difference it makes to the hash and
/// to the list of changes. An entity is put once per command, complete.
/// </summary>
internal sealed class StateEdit(StateDraft draft, Command command)
{
    private ImmutableArray<Change>.Builder? _changes;
    private ClusterState? _before;
    private bool _changed;
    private ImmutableArray<Change> _only = [];

    /// <summary>
    /// The state that the command found, as a value: to be asked for before anything is changed. It costs the draft its
    /// own trees; a command that comes by the thousand asks for what it needs instead.
    /// </summary>
    public ClusterState Before => _before ??= _changed
        ? throw new UnreachableException($"{Command.Kind} at index {Index} asks for the state it has already changed.")
        : draft.Freeze();

    public Command Command { get; } = command;

    public ulong Index => draft.Index;

    public ulong Term => draft.Term;

    /// <summary>The proposer's, in Unix milliseconds.</summary>
    public long Now => Command.TimeUnixMs;

    /// <summary>All that are open, as a value.</summary>
    public SessionTable Sessions
    {
        get => draft.Sessions.Freeze();
        set
        {
            Keep();
            draft.Sessions.Replace(value);
            _changed = true;
        }
    }

    /// <summary>A command that has a key changes it last.</summary>
    public IdempotencyTable IdempotencyKeys
    {
        get => draft.IdempotencyKeys;
        set
        {
            Differ(value.Hash - draft.IdempotencyKeys.Hash);
            draft.IdempotencyKeys = value;
        }
    }

    /// <summary>The result is that of an earlier time.</summary>
    public bool Duplicate { get; set; }

    public ClusterSettings Settings => draft.Settings;

    public Membership Membership
    {
        get => draft.Membership;
        set
        {
            Keep();
            Differ(StateHash.Of(value) - StateHash.Of(draft.Membership));
            draft.Membership = value;
        }
    }

    public uint ClusterVersion
    {
        get => draft.ClusterVersion;
        set
        {
            Keep();
            Differ(StateHash.OfSettings(draft.Settings, value)
                - StateHash.OfSettings(draft.Settings, draft.ClusterVersion));
            draft.ClusterVersion = value;
        }
    }

    /// <summary>In milliseconds; <see cref="ClusterState.LogTime"/>.</summary>
    public long LogTime
    {
        get => draft.LogTime;
        set
        {
            Keep();
            Differ(StateHash.OfLogTime(value) - StateHash.OfLogTime(draft.LogTime));
            draft.LogTime = value;
        }
    }

    public LeaseTerms Terms
    {
        get => draft.Terms;
        set
        {
            Keep();
            Differ(StateHash.Of(value) - StateHash.Of(draft.Terms));
            draft.Terms = value;
        }
    }

    public PlacementSettings PlacementSettings
    {
        get => draft.PlacementSettings;
        set
        {
            Keep();
            Differ(StateHash.Of(value) - StateHash.Of(draft.PlacementSettings));
            draft.PlacementSettings = value;
        }
    }

    public ulong ClusterId
    {
        get => draft.ClusterId;
        set
        {
            Keep();
            Differ(StateHash.OfClusterId(value) - StateHash.OfClusterId(draft.ClusterId));
            draft.ClusterId = value;
        }
    }

    /// <summary>The VM as the command found it, as long as the command has not put it; null: there is none.</summary>
    public Vm? FindVm(string name) => draft.Vms.TryGetValue(name, out var vm) ? vm : null;

    public void Put(ClusterNode node, string reason)
    {
        var old = Before.Nodes.GetValueOrDefault(node.Name);
        Account(
            EntityKind.Node,
            node.Name,
            old is null ? null : NodeFields.Of(old),
            NodeFields.Of(node),
            reason);
        draft.Nodes[node.Name] = node;
    }

    public void Put(Vm vm, string reason)
    {
        var old = Before.Vms.GetValueOrDefault(vm.Name);
        if (!ReferenceEquals(old, vm))
        {
            Account(EntityKind.Vm, vm.Name, old is null ? null : VmFields.Of(old, vm), VmFields.Of(vm, old), reason);
            draft.Vms[vm.Name] = vm;
        }
    }

    /// <summary>One annotation differs and nothing else: only it is compared and hashed.</summary>
    public void Annotate(Vm vm, string key, Annotations annotations)
    {
        if (ReferenceEquals(vm.Annotations, annotations))
        {
            return;
        }

        var (old, now) = (vm.Annotations.All.Find(key), annotations.All.Find(key));
        var prefix = StateHash.OfAnnotationKey(vm.Name, key);
        Differ(StateHash.OfAnnotation(prefix, now) - StateHash.OfAnnotation(prefix, old));
        draft.Vms[vm.Name] = vm with { Annotations = annotations };
        if (!AnnotationDiff.ToldAlike(old, now))
        {
            Tell(new Change(Index, Now, vm.Name, draft.AnnotatedBy(Command.Actor), new AnnotationDiff(key, old, now)));
        }
    }

    public void Remove(ClusterNode node, string reason)
    {
        Account(EntityKind.Node, node.Name, NodeFields.Of(node), after: null, reason);
        draft.Nodes.Remove(node.Name);
    }

    public void Remove(Vm vm, string reason)
    {
        Account(EntityKind.Vm, vm.Name, VmFields.Of(vm, other: null), after: null, reason);
        draft.Vms.Remove(vm.Name);
    }

    public Applied Applied() => new(Index);

    /// <summary>Keeps the result for whoever asks again.</summary>
    /// <returns>What changed.</returns>
    public ImmutableArray<Change> Finish(CommandResult result)
    {
        draft.Sessions.Record(Command, Index, LogTime, result);
        draft.Touch();
        return _changes?.DrainToImmutable() ?? _only;
    }

    private void Account(EntityKind entity, string name, FieldList? before, FieldList? after, string reason)
    {
        var kind = before is null ? ChangeKind.Create : after is null ? ChangeKind.Delete : ChangeKind.Modify;
        before ??= new FieldList();
        after ??= new FieldList();
        Differ(after.Hash(entity, name) - before.Hash(entity, name));
        var fields = after.Since(before);
        if (!fields.IsEmpty)
        {
            Tell(new Change(Index, Now, kind, entity, name, reason, fields));
        }
    }

    /// <summary>The state that the command found stays to be had: what comes seldom may cost that.</summary>
    private void Keep() => _before ??= Before;

    /// <summary>Something is another one from now on.</summary>
    private void Differ(ulong hash)
    {
        draft.Hash += hash;
        _changed = true;
    }

    /// <summary>Mostly there is one change.</summary>
    private void Tell(Change change)
    {
        if (_changes is null && _only.IsEmpty)
        {
            _only = [change];
            return;
        }

        if (_changes is null)
        {
            _changes = ImmutableArray.CreateBuilder<Change>();
            _changes.AddRange(_only);
        }

        _changes.Add(change);
    }
}
