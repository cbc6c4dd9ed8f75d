using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>SetClusterVersion and AdvanceTime.</summary>
internal static class ApplyCluster
{
    /// <summary>
    /// The most that one AdvanceTime adds, in milliseconds: a leader that was suspended, or one whose clock is broken,
    /// must not end every session at once.
    /// </summary>
    public const ulong MaxStep = 5 * 60 * 1000;

    /// <summary>A session that is unused for so much log time, in milliseconds, is forgotten.</summary>
    public const long SessionLife = 60 * 60 * 1000;

    /// <exception cref="UndecodableCommandException">
    /// This code does not know the version: what follows could mean anything.
    /// </exception>
    public static CommandResult Raise(StateEdit edit, SetClusterVersion body)
    {
        if (body.Version < edit.Before.ClusterVersion)
        {
            return new Rejected(
                RejectionReason.ClusterVersionUnfit,
                $"the cluster has version {edit.Before.ClusterVersion}, which is never lowered to {body.Version}");
        }

        // Decided by a leader who looked at an older state: a node may have come meanwhile. Looked at before anything that
        // depends on this code's own version: what newer nodes reject must not stop an older one.
        foreach (var node in edit.Before.Nodes.Values)
        {
            if (node.HasJoined && node.KnownClusterVersion < body.Version)
            {
                return new Rejected(
                    RejectionReason.ClusterVersionUnfit,
                    $"node {node.Name} knows cluster versions up to {node.KnownClusterVersion}, not {body.Version}");
            }
        }

        if (body.Version > ClusterState.SupportedClusterVersion)
        {
            throw new UndecodableCommandException(
                edit.Index,
                $"it raises the cluster to version {body.Version}, this blixard-node knows up to "
                    + $"{ClusterState.SupportedClusterVersion}, start a newer one");
        }

        edit.ClusterVersion = body.Version;
        return edit.Applied();
    }

    public static CommandResult Advance(StateEdit edit, AdvanceTime body)
    {
        edit.LogTime = edit.Before.LogTime + (long)Math.Min(body.ElapsedMs, MaxStep);
        edit.Sessions = edit.Sessions.Forget(unusedSince: edit.LogTime - SessionLife);
        edit.IdempotencyKeys = edit.IdempotencyKeys.Forget(before: edit.LogTime - IdempotencyTable.KeyLife);
        return edit.Applied();
    }
}
