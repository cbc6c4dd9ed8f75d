using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// How one member's host uses its log, as <see cref="Host.PersistWorker"/> does: batches wait for the sync under way,
/// and then share the next; a snapshot's marker is synced before anything is dropped. A sync takes time, and its bytes
/// reach the simulated disk when it ends, or, if the member goes down meanwhile, in part.
/// </summary>
internal sealed class MemberStorage
{
    private const int NoSpaceRetry = 100_000;

    private readonly SimWorld _world;
    private readonly SimMember _member;
    private readonly Queue<Work> _waiting = new();
    private readonly List<Work> _inSync = [];
    private bool _appended;
    private long _stalledUntil;

    public MemberStorage(SimWorld world, SimMember member)
    {
        (_world, _member) = (world, member);
        Disk = new(world, member);
    }

    public MemberDisk Disk { get; }

    /// <summary>Syncs that begin before then end only after it.</summary>
    public void Stall(long until) => _stalledUntil = until;

    /// <param name="powerLoss">The page cache is lost too.</param>
    /// <param name="doing">What else it was doing.</param>
    public void Crash(bool powerLoss, Action? doing)
    {
        _stalledUntil = 0;
        var syncing = _inSync.Count > 0 && (doing is null || _world.Random.Chance(500));
        Disk.Crash(powerLoss, syncing ? () => WriteOut([]) : doing);
        _waiting.Clear();
        _inSync.Clear();
        _appended = false;
    }

    public void Write(Ready ready)
    {
        _waiting.Enqueue(new(ready, null, 0));
        BeginSync();
    }

    /// <summary>A snapshot is in the store: noted in the log, then the log is dropped through that index.</summary>
    public void Compact(SnapshotMeta snapshot, ulong through)
    {
        _waiting.Enqueue(new(null, snapshot, through));
        BeginSync();
    }

    /// <summary>The core says that what the disk lost is made good; all that made it so is written before this.</summary>
    public void EndRepair()
    {
        _waiting.Enqueue(new(null, null, 0));
        BeginSync();
    }

    /// <summary>The sync in flight ended; if more was written since, the next begins. Empty: the disk is full.</summary>
    /// <exception cref="IOException">The disk failed: the process must end.</exception>
    public List<Ready> CompleteSync()
    {
        var durable = new List<Ready>();
        try
        {
            WriteOut(durable);
        }
        catch (NoSpaceException)
        {
            _world.Trace.Add(_world, _member.Number, "disk is full");
            _world.Schedule(NoSpaceRetry, EventKind.SyncDone, _member);
            return durable;
        }

        _inSync.Clear();
        _appended = false;
        if (durable.Count > 0)
        {
            _world.Trace.Add(_world, _member.Number, "durable through batch", durable[^1].Batch);
        }

        if (_waiting.Count == 0 && _world.Random.Chance(_world.Options.MarkChance))
        {
            Mark();
        }

        BeginSync();
        return durable;
    }

    public long SyncTime() =>
        Math.Max(0, _stalledUntil - _world.Now) + (_world.Network.IsCalm
            ? _world.Random.Between(50, 1_000)
            : _world.Random.Between(_world.Options.SyncLow, _world.Options.SyncHigh));

    private void BeginSync()
    {
        if (_inSync.Count > 0 || _waiting.Count == 0)
        {
            return;
        }

        var group = _world.Options.GroupCommit || _world.Network.IsCalm;
        do
        {
            _inSync.Add(_waiting.Dequeue());
        }
        while (group && _inSync[0].Ready is not null && _waiting.TryPeek(out var next) && next.Ready is not null);

        _world.Schedule(SyncTime(), EventKind.SyncDone, _member);
    }

    /// <summary>All that is in the sync, or throws what the disk throws.</summary>
    private void WriteOut(List<Ready> durable)
    {
        var mustSync = false;
        foreach (var work in _inSync)
        {
            if (work.Batch is { } batch)
            {
                mustSync = true;
                if (!_appended)
                {
                    Disk.Append(batch);
                }
            }
        }

        _appended = true;
        if (mustSync)
        {
            Disk.Sync();
        }

        foreach (var work in _inSync)
        {
            if (work.Ready is { } ready)
            {
                durable.Add(ready);
            }
            else if (work.Marker is not null)
            {
                Disk.Compact(work.Through);
            }
            else
            {
                Disk.EndRepair();
            }
        }
    }

    private void Mark()
    {
        try
        {
            Disk.Mark();
        }
        catch (NoSpaceException)
        {
            // Only the proof is missing.
        }
    }

    private readonly record struct Work(Ready? Ready, SnapshotMeta? Marker, ulong Through)
    {
        public WalBatch? Batch =>
            Marker is { } marker ? new() { Snapshot = marker }
            : Ready is { MustPersist: true } ready ? WalBatch.Of(ready)
            : null;
    }
}
