using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary>The records of an event stream.</summary>
internal static class EventDocuments
{
    /// <summary>The lists, and the index as of which they are.</summary>
    public static EventRecord Ready(Guid stream, ClusterState state, RaftStatus? raft, DateTimeOffset now) => new()
    {
        Type = EventType.Ready,
        Index = state.Index,
        Date = now,
        Uuid = stream.ToString(),
        Vms = VmDocuments.All(state),
        Nodes = raft is null ? null : NodeDocuments.All(state, raft),
    };

    /// <summary>Nothing but what follows: the caller has the rest.</summary>
    public static EventRecord Resumed(Guid stream, ulong since, DateTimeOffset now) =>
        new() { Type = EventType.Ready, Index = since, Date = now, Uuid = stream.ToString() };

    public static EventRecord Gap(FeedGap gap, DateTimeOffset now, string reason) => new()
    {
        Type = EventType.Gap,
        From = gap.After + 1,
        Index = gap.Through,
        Date = now,
        Reason = reason,
    };

    /// <param name="change">What happened.</param>
    /// <param name="state">The newest state: a created thing is shown as it is now, what changed since follows.</param>
    /// <param name="raft">For the parts of a node that only the engine knows.</param>
    public static EventRecord Of(Change change, ClusterState state, RaftStatus raft)
    {
        var vm = change.Entity == EntityKind.Vm ? state.Vms.GetValueOrDefault(change.Name) : null;
        var node = change.Entity == EntityKind.Node ? state.Nodes.GetValueOrDefault(change.Name) : null;
        var created = change.Kind == ChangeKind.Create;
        return new EventRecord
        {
            Type = change.Kind switch
            {
                ChangeKind.Create => EventType.Create,
                ChangeKind.Delete => EventType.Delete,
                _ => EventType.Modify,
            },
            Index = change.Index,
            Date = Instants.At(change.TimeUnixMs),
            Kind = change.Entity == EntityKind.Vm ? EventKind.Vm : EventKind.Node,
            Name = change.Name,
            Uuid = UuidIn(change) ?? vm?.Uuid,
            Changes = change.Kind == ChangeKind.Modify ? EventFields.Of(change) : null,
            Reason = change.Reason,
            Vm = created && vm is not null ? VmDocuments.Of(state, vm) : null,
            Node = created && node is not null ? NodeDocuments.Of(state, raft, node) : null,
        };
    }

    /// <summary>Creation and deletion name it; in between it never changes.</summary>
    private static string? UuidIn(Change change)
    {
        if (change.Kind == ChangeKind.Modify)
        {
            return null;
        }

        var field = change.Fields.FirstOrDefault(field => field.Path == "uuid");
        return (field.New ?? field.Old)?.Text;
    }
}
