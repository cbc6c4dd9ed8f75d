using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>One snapshot on its way from a leader to a member that lacks the log.</summary>
/// <param name="Incarnation">The sender's when it began: a restarted sender knows nothing of it.</param>
internal sealed record SnapshotTransfer(MemberId From, MemberId To, ulong Term, SnapshotFile File, int Incarnation)
{
    public bool Arrived { get; init; }
}

/// <summary>Snapshots of one member: captured, stored, compacted, sent and received.</summary>
internal sealed class MemberSnapshots(SimWorld world, SimMember member)
{
    private bool _capturing;
    private ulong _newest;

    public void Forget()
    {
        _capturing = false;
        _newest = 0;
    }

    public void Restored(ulong index) => _newest = Math.Max(_newest, index);

    /// <summary>
    /// Captures the state now and then; the file is durable only later, and until then nothing is deleted.
    /// </summary>
    public void Applied(LogEntry entry)
    {
        var every = (ulong)world.Options.SnapshotEvery;
        if (every == 0 || _capturing || entry.Index < _newest + every)
        {
            return;
        }

        _capturing = true;
        _newest = entry.Index;
        var file = new SnapshotFile(
            new(entry.Index, entry.Term, member.Node!.ConfigurationAt(entry.Index)), member.Machine.Capture());
#if MUTANTS
        if (Planted.Is(Mutant.CompactedBeforeSnapshotDurable))
        {
            member.Disk.Stable.DeleteThrough(entry.Index);
        }
#endif
        world.Schedule(
            world.Random.Between(world.Options.SyncLow, world.Options.SyncHigh * 4),
            EventKind.SnapshotStored,
            member,
            file);
    }

    public void Stored(SnapshotFile file)
    {
        _capturing = false;
        var trailing = (ulong)world.Options.Trailing;
        var through = file.Meta.Index > trailing ? file.Meta.Index - trailing : 0;
        member.Disk.Stable.Compact(file, through);
        member.Node!.Compact(file.Meta, through);
        world.Trace.Add(world, member.Number, "snapshot stored", file.Meta.Index);
    }

    public void Send(InstallSnapshotRequest request)
    {
        var to = world.Member(request.To);
        var transfer = new SnapshotTransfer(
            request.From, request.To, request.Term, member.Disk.Stable.Snapshot, member.Incarnation);
        var high = world.Network.IsCalm ? 5_000 : world.Options.SnapshotTransferHigh;
        world.Schedule(world.Random.Between(500, high), EventKind.SnapshotArrived, to, transfer);
    }

    /// <summary>At the receiver: stored durably, then told to the core.</summary>
    public void Arrived(SnapshotTransfer transfer)
    {
        var from = world.Member(transfer.From);
        var broken = !world.Network.Works(from.Number, member.Number)
            || (!world.Network.IsCalm && world.Random.Chance(world.Options.DropChance));
        var arrived = member.Node is not null && !broken;
        if (from.Incarnation == transfer.Incarnation)
        {
            world.Schedule(
                world.Random.Between(200, 2_000), EventKind.SnapshotOutcome, from, transfer with { Arrived = arrived });
        }

        if (arrived)
        {
            member.Disk.StoreReceived(transfer.File);
            member.Node!.Step(
                new SnapshotReceived(transfer.From, transfer.To, transfer.Term, transfer.File.Meta));
        }
    }

    /// <summary>At the sender.</summary>
    public void Outcome(SnapshotTransfer transfer)
    {
        if (transfer.Arrived)
        {
            member.Node!.SnapshotDelivered(transfer.To, transfer.File.Meta.Index);
        }
        else
        {
            member.Node!.SnapshotFailed(transfer.To);
        }
    }
}
