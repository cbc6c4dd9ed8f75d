using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests;

/// <summary>
/// One copy of the state, fed through the codec as in the product. After every command it holds the state against what
/// must always be true: the hash equals a full walk, and the changes told lead a mirror to the same fields.
/// </summary>
internal sealed class Replica(ClusterState? state = null)
{
    public const long Start = 1_800_000_000_000;

    private readonly SortedDictionary<string, FieldValue> _mirror = Told(state ?? ClusterState.Empty);

    public ClusterState State { get; private set; } = state ?? ClusterState.Empty;

    public Vm Vm(string name) => State.Vms[name];

    public NodeObservation Seen(string vm, string node) => State.Vms[vm].Observations[node];

    public ClusterNode Node(string name) => State.Nodes[name];

    public ApplyOutcome Apply(Command command, ulong term = 1)
    {
        var entry = new CommittedCommand(State.Index + 1, term, CommandCodec.Encode(command));
        var outcome = State.Apply(entry);
        State = outcome.State;
        Assert.Equal(entry.Index, State.Index);
        Assert.Equal(StateHash.Recompute(State), State.Hash);
        Follow(outcome);
        var told = Told(State);
        if (!told.SequenceEqual(_mirror))
        {
            Assert.Equal(told, _mirror);
        }

        return outcome;
    }

    /// <summary>Applies and expects that it was done, to the last VM of a batch.</summary>
    public ApplyOutcome Do(Command command)
    {
        var outcome = Apply(command);
        Assert.Empty(Assert.IsType<Applied>(outcome.Result).Refused);
        return outcome;
    }

    /// <summary>Applies and expects a rejection that leaves no trace.</summary>
    public void Refuses(Command command, RejectionReason reason, string detail, ulong term = 1)
    {
        var before = State.Hash;
        var outcome = Apply(command, term);
        Assert.Equal(new Rejected(reason, detail), outcome.Result);
        Assert.Empty(outcome.Changes);
        Assert.Equal(before, State.Hash);
    }

    /// <summary>A cluster of active nodes.</summary>
    public static Replica With(params string[] nodes)
    {
        var replica = new Replica();
        foreach (var node in nodes)
        {
            replica.Do(Make.RegisterNode(node));
        }

        return replica;
    }

    private void Follow(ApplyOutcome outcome)
    {
        Assert.Distinct(outcome.Changes.Select(change => (change.Entity, change.Name)));
        foreach (var change in outcome.Changes)
        {
            Assert.Equal(State.Index, change.Index);
            Assert.NotEmpty(change.Reason);
            Assert.NotEmpty(change.Fields);
            foreach (var field in change.Fields)
            {
                Follow($"{change.Entity} {change.Name} {field.Path}", field);
            }
        }
    }

    private void Follow(string path, FieldChange field)
    {
        FieldValue? before = _mirror.TryGetValue(path, out var value) ? value : null;
        Assert.True(before == field.Old, $"{path} was {before}, not {field.Old}");
        if (field.New is { } after)
        {
            Assert.True(before != after, $"{path} stays {after}");
            Assert.Equal(before is null ? FieldAction.Added : FieldAction.Changed, field.Action);
            _mirror[path] = after;
        }
        else
        {
            Assert.Equal(FieldAction.Removed, field.Action);
            Assert.True(_mirror.Remove(path));
        }
    }

    private static SortedDictionary<string, FieldValue> Told(ClusterState state)
    {
        var told = new SortedDictionary<string, FieldValue>(StringComparer.Ordinal);
        var nothing = new FieldList();
        foreach (var node in state.Nodes.Values)
        {
            foreach (var field in NodeFields.Of(node).Since(nothing))
            {
                told[$"Node {node.Name} {field.Path}"] = field.New!.Value;
            }
        }

        foreach (var vm in state.Vms.Values)
        {
            foreach (var field in VmFields.Of(vm, other: null).Since(nothing))
            {
                told[$"Vm {vm.Name} {field.Path}"] = field.New!.Value;
            }
        }

        return told;
    }
}
