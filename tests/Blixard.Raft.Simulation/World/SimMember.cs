using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;
using Blixard.Raft.Storage;

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
    private bool _isOld;
    private bool _drainScheduled;
    private bool _recovering;
    private bool _isRepairing;
    private ulong _lastBatch;

    public SimMember(SimWorld world, int number)
    {
        _world = world;
        Number = number;
        Id = new((ulong)number + 1);
        _isOld = world.Options.NewKindChance > 0 && world.Random.Chance(500);
        Machine = NewMachine();
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

    public MemberDisk Disk => Storage.Disk;

    public RegisterMachine Machine { get; private set; }

    /// <summary>Grows with every crash: what the earlier process had scheduled is void.</summary>
    public int Incarnation { get; private set; }

    public long TickPeriod { get; set; }

    /// <summary>The process is stopped and everything that comes waits (SIGSTOP, a suspended host).</summary>
    public long PausedUntil { get; set; }

    /// <summary>What the invariants saw of this member last.</summary>
    public Observed Observed { get; } = new();

    public MemberReads Reads => _reads;

    /// <summary>
    /// Its disk was damaged so that it must not go on: it stays down, as a member that needs an operator does.
    /// </summary>
    public bool IsLost { get; private set; }

    /// <summary>It stays down while the others heal.</summary>
    public bool IsLeftOut { get; set; }

    /// <summary>The healed cluster consists of those that are.</summary>
    public bool TakesPart => HasJoined && !IsLost && !IsLeftOut;

    /// <summary>It is in no configuration that it knows, and tails what is committed.</summary>
    public bool IsObserver => HasJoined && (Node?.Role ?? Observed.Role) == RaftRole.Observer;

    /// <summary>It is a member, or has been one, or observes.</summary>
    public bool HasJoined { get; private set; }

    /// <summary>One that joins knows nobody until it is sent the log or a snapshot.</summary>
    private Configuration First =>
        _world.FirstConfiguration.Contains(Id) || (_world.Options.ObserversKnowFirst && _world.IsFirstObserver(Number))
            ? _world.FirstConfiguration
            : Configuration.Empty;

    // ---- life ----

    /// <summary>Switched on for the first time.</summary>
    public void Join()
    {
        if (!HasJoined)
        {
            HasJoined = true;
            Start();
        }
    }

    /// <summary>Reads the disk back and syncs it; the node runs when that is done.</summary>
    public void Start()
    {
        if (Node is null && !_recovering && TakesPart)
        {
            _recovering = true;
            _world.Schedule(Storage.SyncTime(), EventKind.Recovered, this);
        }
    }

    public void Recovered()
    {
        _recovering = false;
        Machine = NewMachine();
        var core = CoreOptions();
        try
        {
            Node = new(core, Disk.Open(core, Machine, First));
        }
        catch (Exception refused) when (refused is WalCorruptException or SnapshotCorruptException)
        {
            _world.Trace.Add(_world, Number, "refuses its disk:", refused.Message);
            Crash(powerLoss: false);
            IsLost = true;
            return;
        }

        _lastBatch = 0;
        _isRepairing = Node.IsRepairing;
        Node.SetStorageLow(Disk.IsLow);
        _world.Invariants.Started(this);
        _snapshots.Opened(Node.Snapshot);
        _world.Schedule(_world.Random.Below((int)TickPeriod), EventKind.Tick, this);
    }

    public void Crash(bool powerLoss)
    {
        Action? doing = _recovering ? () => Disk.Open(CoreOptions(), NewMachine(), First) : null;
        Storage.Crash(powerLoss, doing ?? _snapshots.Doing);
        Node = null;
        Incarnation++;
        _recovering = false;
        _drainScheduled = false;
        PausedUntil = 0;
        _snapshots.Forget();
        _reads.Forget();
    }

    /// <summary>It can't go on, mostly because its disk failed: the process ends, and is started again.</summary>
    public void Exit(Exception cause)
    {
        _world.Trace.Add(_world, Number, "exits:", cause.Message);
        Crash(powerLoss: false);
        _world.Schedule(_world.Random.Between(1_000, 200_000), EventKind.Start, this);
    }

    /// <summary>It met a command that it does not know: it ends, and an operator brings a newer program.</summary>
    public void Upgrade(UnknownCommandException cause)
    {
        _isOld = false;
        Exit(cause);
    }

    private RegisterMachine NewMachine() =>
        new(_world.Options.Clients, _world.Options.Keys, knowsNewKind: !_isOld);

    private RaftOptions CoreOptions()
    {
        var options = _world.Options;
        return new()
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
            Observer = options.NonMembersObserve,
            Sources = options.NonMembersObserve ? [.. _world.FirstConfiguration.Members] : [],
        };
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

    public ChangeResult ChangeConfiguration(Configuration target)
    {
        var result = Node!.ChangeConfiguration(target);
        AfterInput();
        return result;
    }

    /// <summary>Its host sees how much space is left on the disk.</summary>
    public void SetStorageLow()
    {
        if (Node is not null && PausedUntil <= _world.Now)
        {
            Node.SetStorageLow(Disk.IsLow);
            AfterInput();
        }
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

    /// <summary>The transport saw the connection end on which that peer spoke.</summary>
    public void Disconnected(MemberId peer)
    {
        Node!.Disconnected(peer);
        AfterInput();
    }

    public void SnapshotStored(SnapshotCapture capture)
    {
        _snapshots.Stored(capture);
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
        if (durable.Count > 0)
        {
            Node!.Persisted(durable[^1].Batch);
        }

        foreach (var batch in durable)
        {
            for (var i = 0; i < batch.AfterDurable.Count; i++)
            {
                _outbox.Send(batch.AfterDurable[i]);
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

        // As the product's loop: behind all that was handed out to be written.
        if (_isRepairing && !Node.IsRepairing)
        {
            _isRepairing = false;
            Storage.EndRepair();
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

        // By index: an enumerator of an interface is an object, and most of these are empty.
        for (var i = 0; i < ready.Messages.Count; i++)
        {
            _outbox.Send(ready.Messages[i]);
        }

        for (var i = 0; i < ready.Committed.Count; i++)
        {
            Apply(ready.Committed[i]);
        }

        for (var i = 0; i < ready.Reads.Count; i++)
        {
            _reads.Confirmed(ready.Reads[i]);
        }

        for (var i = 0; i < ready.DroppedReads.Count; i++)
        {
            _reads.Dropped(ready.DroppedReads[i]);
        }
    }

    private void Persist(Ready ready)
    {
        if (ready.Snapshot is { } meta)
        {
            _snapshots.Restore(meta);
            _reads.Applied();
        }

        Storage.Write(ready);
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
