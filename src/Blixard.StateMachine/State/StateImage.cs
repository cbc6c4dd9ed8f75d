using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>The state as protobuf messages, and back. What is concluded is not written.</summary>
internal static class StateImage
{
    public static ClusterStateImage Of(ClusterState state)
    {
        var image = new ClusterStateImage
        {
            Index = state.Index,
            Term = state.Term,
            Hash = state.Hash,
            ClusterVersion = state.ClusterVersion,
            LogTime = state.LogTime,
            Settings = new SettingsImage
            {
                MaxSessions = (uint)state.Settings.MaxSessions,
                MaxSessionResults = (uint)state.Settings.MaxSessionResults,
            },
        };
        image.Nodes.AddRange(state.Nodes.Values.Select(Of));
        image.Vms.AddRange(state.Vms.Values.Select(VmImages.Of));
        if (state.Membership != Membership.Empty)
        {
            image.Membership = MembershipImages.Of(state.Membership);
        }

        LeaseImages.Write(state, image);
        image.Sessions.AddRange(state.Sessions.All.Values.Select(SessionImages.Of));
        image.IdempotencyKeys.AddRange(IdempotencyImages.Of(state.IdempotencyKeys));
        return image;
    }

    /// <exception cref="SnapshotUnreadableException">What it says does not make the state it was made of.</exception>
    public static ClusterState Read(ClusterStateImage image)
    {
        if (image.ClusterVersion is 0 or > ClusterState.SupportedClusterVersion)
        {
            throw new SnapshotUnreadableException(
                $"it is of cluster version {image.ClusterVersion}, this blixard-node knows up to "
                    + $"{ClusterState.SupportedClusterVersion}: start a newer one");
        }

        if (image.Settings is not { MaxSessions: > 0, MaxSessionResults: > 0 } settings)
        {
            throw new SnapshotUnreadableException("its settings are missing");
        }

        var start = ClusterState.StartingWith(
            new ClusterSettings(checked((int)settings.MaxSessions), checked((int)settings.MaxSessionResults)));
        var state = start with
        {
            Index = image.Index,
            Term = image.Term,
            ClusterVersion = image.ClusterVersion,
            LogTime = image.LogTime,
            Nodes = Keyed("node", image.Nodes.Select(Read), node => node.Name),
            Vms = Keyed("VM", image.Vms.Select(VmImages.Read), vm => vm.Name),
            Sessions = SessionImages.Read(image.Sessions),
            Membership = MembershipImages.Read(image.Membership),
            IdempotencyKeys = IdempotencyImages.Read(image.IdempotencyKeys),
            Terms = LeaseImages.Read(image.Terms),
            ClusterId = image.ClusterId,
            PlacementSettings = LeaseImages.Read(image.Placement),
        };
        var hash = StateHash.Recompute(state);
        return hash == image.Hash
            ? state with { Hash = hash }
            : throw new SnapshotUnreadableException(
                $"the state in it has the hash {hash:x16}, it was made of one with {image.Hash:x16}");
    }

    /// <summary>Keys come sorted and once each: that is how they are written.</summary>
    internal static ImmutableSortedDictionary<string, T> Keyed<T>(
        string what, IEnumerable<T> items, Func<T, string> key)
    {
        var keyed = Ordinal.Map<T>().ToBuilder();
        foreach (var item in items)
        {
            if (!keyed.TryAdd(key(item), item))
            {
                throw new SnapshotUnreadableException($"{what} {key(item)} is in it twice");
            }
        }

        return keyed.ToImmutable();
    }

    private static NodeImage Of(ClusterNode node)
    {
        var image = new NodeImage
        {
            Name = node.Name,
            MemberId = node.MemberId,
            RegisteredAt = node.RegisteredAt,
            ApiAddress = node.ApiAddress,
            RaftAddress = node.RaftAddress,
            Version = node.Version,
            Cpus = node.Cpus,
            MemoryBytes = node.MemoryBytes,
            Status = node.Status,
            StatusReason = node.StatusReason,
            StatusSince = node.StatusSince,
            BootId = node.BootId,
            PreviousBootId = node.PreviousBootId,
            ObservationSequence = node.ObservationSequence,
            LastSeen = node.LastSeen,
            ConfirmedAt = node.ConfirmedAt,
            AwaitsReport = node.AwaitsReport,
            ClusterVersion = node.ClusterVersion,
            Lease = LeaseImages.Of(node.Lease),
            Drain = LeaseImages.Of(node.Drain),
        };
        image.Labels.AddRange(node.Labels.Select(label => new Label { Key = label.Key, Value = label.Value }));
        return image;
    }

    private static ClusterNode Read(NodeImage image)
    {
        var labels = Keyed("label", image.Labels, label => label.Key).Values;
        return new ClusterNode
        {
            Name = image.Name,
            MemberId = image.MemberId,
            RegisteredAt = image.RegisteredAt,
            ApiAddress = image.ApiAddress,
            RaftAddress = image.RaftAddress,
            Version = image.Version,
            Labels = Ordinal.Map<string>().AddRange(
                labels.Select(label => KeyValuePair.Create(label.Key, label.Value))),
            Cpus = image.Cpus,
            MemoryBytes = image.MemoryBytes,
            Status = image.Status,
            StatusReason = image.StatusReason,
            StatusSince = image.StatusSince,
            BootId = image.BootId,
            PreviousBootId = image.PreviousBootId,
            ObservationSequence = image.ObservationSequence,
            LastSeen = image.LastSeen,
            ConfirmedAt = image.ConfirmedAt,
            AwaitsReport = image.AwaitsReport,
            ClusterVersion = image.ClusterVersion,
            Lease = LeaseImages.Read(image.Lease),
            Drain = LeaseImages.Read(image.Drain),
        };
    }
}
