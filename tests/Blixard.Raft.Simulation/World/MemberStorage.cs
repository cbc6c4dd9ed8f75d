using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// How one member's host uses its disk: batches are written at once and synced in the background, one sync at a time.
/// </summary>
internal sealed class MemberStorage(SimWorld world, SimMember member)
{
    private long _stalledUntil;

    public SimDisk Disk { get; } = new(new(new(0, 0, world.Configuration), member.Machine.Capture()));

    /// <summary>Syncs that begin before then end only after it.</summary>
    public void Stall(long until) => _stalledUntil = until;

    public void Crash(bool powerLoss)
    {
        _stalledUntil = 0;
        Disk.ProcessCrashed();
        if (powerLoss)
        {
            Disk.PowerLost(world.Random);
        }
    }

    public void Write(Ready ready, SnapshotFile? snapshot)
    {
        Disk.Write(new(ready.Batch, ready.HardState, snapshot, ready.Entries, ready.AfterDurable));
        BeginSync();
    }

    /// <summary>The sync in flight ended; if more was written since, the next begins.</summary>
    public List<WriteBatch> CompleteSync()
    {
        var durable = Disk.CompleteSync();
        world.Trace.Add(world, member.Number, "durable through batch", durable[^1].Number);
        BeginSync();
        return durable;
    }

    public long SyncTime() =>
        Math.Max(0, _stalledUntil - world.Now) + (world.Network.IsCalm
            ? world.Random.Between(50, 1_000)
            : world.Random.Between(world.Options.SyncLow, world.Options.SyncHigh));

    private void BeginSync()
    {
        if (!Disk.IsSyncing && Disk.HasUnsynced)
        {
            Disk.BeginSync(group: world.Options.GroupCommit || world.Network.IsCalm);
            world.Schedule(SyncTime(), EventKind.SyncDone, member);
        }
    }
}
