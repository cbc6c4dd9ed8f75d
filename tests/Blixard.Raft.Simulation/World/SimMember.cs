using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// One machine: the real core on a simulated disk, clock and network, driven exactly as <see cref="Ready"/> asks.
/// </summary>
internal sealed class SimMember
{
    private const int MaxReadysPerInput = 1_000;
    private const int CalmLag = 500;

    private readonly SimWorld _world;
    private readonly MemberSnapshots _snapshots;
    private readonly MemberReads _reads;
    private readonly MemberOutbox _outbox;
    private bool _drainScheduled;
    private bool _recovering;
    private ulong _lastBatch;

    public SimMember(SimWorld world, int number)
    {
        _world = world;
        Number = number;
        Id = new((ulong)number + 1);
        Machine = new(world.Options.Clients);
        Storage = new(world, this);
        Disk.Stable.Truncating = index => world.Durability.Truncating(this, index);
        Disk.Stable.Voting = (old, next) => world.Durability.Voting(this, old, next);
        _snapshots = new(world, this);
        _reads = new(world, this);
        _outbox = new(world, this, _snapshots);
        TickPeriod = !world.Options.SkewedClocks
            ? SwarmOptions.TickPeriod
            : world.Random.Between(SwarmOptions.TickPeriod / 2, SwarmOptions.TickPeriod * 2);
    }

    public MemberId Id { get; }

    /// <summary>Index into <see cref="SimWorld.Members"/>.</summary>
    public int Number { get; }

    /// <summary>Null while the process is not running.</summary>
    public RaftNode? Node { get; private set; }

    public MemberStorage Storage { get; }

    public SimDisk Disk => Storage.Disk;

    public RegisterMachine Machine { get; private set; }

    /// <summary>Grows with every crash: what the earlier process had scheduled is void.</summary>
    public int Incarnation { get; private set; }

    public long TickPeriod { get; set; }

    /// <summary>The process is stopped and everything that comes waits (SIGSTOP, a suspended host).</summary>
    public long PausedUntil { get; set; }

    /// <summary>What the invariants saw of this member last.</summary>
    public Observed Observed { get; } = new();

    public MemberReads Reads => _reads;

    // ---- life ----

    /// <summary>Reads the disk back and syncs it; the node runs when that is done.</summary>
    public void Start()
    {
        if (Node is null && !_recovering)
        {
            _recovering = true;
            _world.Schedule(Storage.SyncTime(), EventKind.Recovered, this);
        }
    }

    public void Recovered()
    {
        _recovering = false;
        var restored = Disk.Recover();
        Machine = new(_world.Options.Clients);
        Machine.Restore(Disk.Stable.Snapshot.State);
        var options = _world.Options;
        Node = new(
            new()
            {
                Self = Id,
                Seed = _world.Random.Next(),
                ElectionTicks = options.ElectionTicks,
                HeartbeatTicks = options.HeartbeatTicks,
                MaxAppendEntries = options.MaxAppendEntries,
                MaxAppendBytes = options.MaxAppendBytes,
                MaxInflightRequests = options.MaxInflightRequests,
                MaxInflightBytes = options.MaxInflightBytes,
                MaxUncommittedBytes = options.MaxUncommittedBytes,
            },
            restored);
        _lastBatch = 0;
        _world.Invariants.Started(this);
        _world.Schedule(_world.Random.Below((int)TickPeriod), EventKind.Tick, this);
    }

    public void Crash(bool powerLoss)
    {
        Node = null;
        Incarnation++;
        _recovering = false;
        _drainScheduled = false;
        PausedUntil = 0;
        _snapshots.Forget();
        _reads.Forget();
        Storage.Crash(powerLoss);
    }

    // ---- inputs ----

    public void Tick()
    {
        Node!.Tick();
        _world.Schedule(TickPeriod, EventKind.Tick, this);
        AfterInput();
    }

    public void Receive(Message message)
    {
        if (Node is not null)
        {
            Node.Step(message);
            AfterInput();
        }
    }

    public ProposeResult Propose(ReadOnlyMemory<byte> data, bool onlyAsLeader)
    {
        var result = onlyAsLeader ? Node!.ProposeAsLeader(data, Node.Term) : Node!.Propose(data);
        AfterInput();
        return result;
    }

    public bool ReadIndex(ulong context)
    {
        var asked = Node!.ReadIndex(context);
        AfterInput();
        return asked;
    }

    public void TransferLeadership(MemberId target)
    {
        Node!.TransferLeadership(target);
        AfterInput();
    }

    public void Unreachable(MemberId peer)
    {
        Node!.Unreachable(peer);
        AfterInput();
    }

    public void SnapshotStored(SnapshotFile file)
    {
        _snapshots.Stored(file);
        AfterInput();
    }

    public void SnapshotArrived(SnapshotTransfer transfer)
    {
        _snapshots.Arrived(transfer);
        if (Node is not null)
        {
            AfterInput();
        }
    }

    public void SnapshotOutcome(SnapshotTransfer transfer)
    {
        _snapshots.Outcome(transfer);
        AfterInput();
    }

    /// <summary>The sync in flight ended: the promises that waited for it leave.</summary>
    public void SyncDone()
    {
        var durable = Storage.CompleteSync();
        Node!.Persisted(durable[^1].Number);
        foreach (var batch in durable)
        {
            foreach (var message in batch.AfterDurable)
            {
                _outbox.Send(message);
            }
        }

        AfterInput();
    }

    /// <summary>Does all that the core wants done.</summary>
    public void Drain()
    {
        _drainScheduled = false;
        for (var readys = 0; Node!.HasReady; readys++)
        {
            _world.Invariants.Require(readys < MaxReadysPerInput, "ReadyEnds", "HasReady stays true");
            CarryOut(Node.TakeReady());
        }

        _world.Invariants.AfterStep(this);
    }

    private void AfterInput()
    {
        if (_world.Options.HostLag == 0)
        {
            Drain();
            return;
        }

        _world.Invariants.AfterStep(this);
        if (!_drainScheduled)
        {
            _drainScheduled = true;
            var lag = _world.Network.IsCalm ? Math.Min(CalmLag, _world.Options.HostLag) : _world.Options.HostLag;
            _world.Schedule(_world.Random.Below(lag), EventKind.Drain, this);
        }
    }

    // ---- the host contract of Ready ----

    private void CarryOut(Ready ready)
    {
        _world.Invariants.ReadyTaken(this, ready, _lastBatch);
        if (ready.Batch > 0)
        {
            _lastBatch = ready.Batch;
            Persist(ready);
        }

        foreach (var message in ready.Messages)
        {
            _outbox.Send(message);
        }

        foreach (var entry in ready.Committed)
        {
            Apply(entry);
        }

        foreach (var read in ready.Reads)
        {
            _reads.Confirmed(read);
        }

        foreach (var context in ready.DroppedReads)
        {
            _reads.Dropped(context);
        }
    }

    private void Persist(Ready ready)
    {
        SnapshotFile? snapshot = null;
        if (ready.Snapshot is { } meta)
        {
            snapshot = Disk.Received(meta);
            Machine.Restore(snapshot.State);
            _snapshots.Restored(meta.Index);
            _world.Invariants.Restored(this, meta);
            _reads.Applied();
        }

        Storage.Write(ready, snapshot);
    }

    private void Apply(LogEntry entry)
    {
        var outcome = Machine.Apply(entry);
        _world.Invariants.Applied(this, entry);
        if (outcome is { } applied)
        {
            _world.Clients.Applied(this, applied.Write, applied.Fresh, entry.Index);
        }

        _snapshots.Applied(entry);
        _reads.Applied();
    }
}
