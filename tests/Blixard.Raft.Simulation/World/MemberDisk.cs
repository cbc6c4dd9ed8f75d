using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Simulation.Disk;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// One member's disk with the product's own log, recovery and snapshots on it. What it must still hold after any fault
/// is kept beside it (<see cref="Stable"/>), and compared at each start.
/// </summary>
internal sealed class MemberDisk(SimWorld world, SimMember member)
{
    private const string LogDirectory = "wal";
    private const string SnapshotDirectory = "snap";

    // Operations of the disk after which a crash may strike what it interrupts: the longest, a new segment with its
    // head, has eight.
    private const int CrashWithin = 12;

    private readonly List<WalBatch> _attempted = [];
    private readonly List<SnapshotMeta> _received = [];
    private WriteAheadLog? _log;

    public SimulatedFileSystem Files { get; private set; } = new();

    /// <summary>What a loss of power cannot take away.</summary>
    public StableStorage Stable { get; } = new();

    /// <summary>The snapshots, while the process runs.</summary>
    public SnapshotStore? Snapshots { get; private set; }

    /// <summary>The medium itself was damaged at least once: recovery may refuse what it finds.</summary>
    public bool WasDamaged { get; set; }

    /// <summary>
    /// Opens log and snapshots and restores the state machine, as the product does. All that it returns is on stable
    /// storage.
    /// </summary>
    /// <exception cref="IOException">The disk failed or is full: the process ends and comes back.</exception>
    /// <exception cref="WalCorruptException">The medium was damaged.</exception>
    /// <exception cref="SnapshotCorruptException">The medium was damaged.</exception>
    public RestoredState Open(RaftOptions core, IStateMachine machine, Configuration first)
    {
        try
        {
            _log = WriteAheadLog.Open(Files, LogDirectory, LogOptions(core.Self), out var read);
            RequireKept(read);
            if (read.Snapshot.Configuration == Configuration.Empty && read.Entries.Count == 0)
            {
                _attempted.Add(new() { Snapshot = new(0, 0, first) });
            }

            Snapshots = new(Files, SnapshotDirectory, NullLogger<SnapshotStore>.Instance);
            var options = new RaftHostOptions { Core = core, InitialConfiguration = first };
            var restored = Recovery.Restore(options, _log, read, Snapshots, machine);
            Keep();
            if (restored.Repair is not null && read.Repair is null)
            {
                world.Invariants.Require(WasDamaged, "NoFalseAlarm", $"m{member.Id.Value} goes over to repair");
                Stable.Forget();
            }

            var restarted = restored.Repair is not null
                && restored.Entries.Count == 0
                && (read.Entries.Count > 0 || restored.Snapshot != read.Snapshot);
            Stable.Restored(restarted ? restored : restored with { Snapshot = Stable.Snapshot });
            _received.Clear();
            return restored;
        }
        catch (Exception refused) when (refused is WalCorruptException or SnapshotCorruptException)
        {
            RequireDamaged(refused);
            throw;
        }
    }

    public void RequireDamaged(Exception alarm) => world.Invariants.Require(
        WasDamaged, "NoFalseAlarm", $"m{member.Id.Value} refuses a disk that nothing damaged: {alarm.Message}");

    /// <summary>Into the log's buffer; nothing is promised before <see cref="Sync"/> has returned.</summary>
    public void Append(WalBatch batch)
    {
        _attempted.Add(batch);
        _log!.Append(batch);
    }

    public void Sync()
    {
        _log!.Sync();
        Keep();
    }

    public void Mark() => _log!.MarkDurable();

    public void Compact(ulong through)
    {
        // From now on it may be gone, also if the disk fails half-way.
        Stable.DeleteThrough(through);
        _log!.Compact(through);
    }

    /// <summary>A snapshot from a leader is complete and durable, and not yet noted in the log.</summary>
    public void Received(SnapshotMeta meta)
    {
        _received.RemoveAll(old => old.Index <= Stable.Snapshot.Index);
        _received.Add(meta);
    }

    /// <summary>Such a snapshot is on stable storage, whether or not the log refers to it.</summary>
    public bool HasReceived(ulong index, ulong term) =>
        _received.Exists(meta => meta.Index == index && meta.Term == term);

    /// <summary>
    /// The process dies. What it was doing, if anything, has got to some point of it, between any two operations of the
    /// disk; what was not synced stays in the page cache, or with a loss of power survives sector by sector.
    /// </summary>
    public void Crash(bool powerLoss, Action? doing)
    {
        if (doing is not null && world.Random.Chance(800))
        {
            Files.PowerLossAt = Files.Operations + 1 + world.Random.Below(CrashWithin);
            try
            {
                doing();
            }
            catch (Exception e) when (e is PowerLossException or IOException or WalCorruptException or SnapshotCorruptException)
            {
            }
        }

        Files.KillProcess();
        _log?.Dispose();
        (_log, Snapshots) = (null, null);
        if (powerLoss)
        {
            var kept = world.Random.Pick(0, 0, 500, 900, 1000);
            Files = Files.LosePower(() => world.Random.Chance(kept), world.Random.Below(Files.UnsyncedNameChanges + 1));
        }
    }

    /// <summary>The host knows that there is little space left; it may run out before.</summary>
    public bool IsLow { get; private set; }

    /// <summary>No more than this many bytes are left.</summary>
    public void Fill(int left, bool isKnown)
    {
        Files.Capacity = Files.Used + left;
        IsLow = isKnown;
    }

    public void Free()
    {
        Files.Capacity = long.MaxValue;
        IsLow = false;
    }

    private void Keep()
    {
        foreach (var batch in _attempted)
        {
            Stable.Add(batch);
        }

        _attempted.Clear();
    }

    /// <summary>
    /// Read back is all whose sync had returned, and of the sync that had not, all or nothing.
    /// </summary>
    private void RequireKept(RestoredState read)
    {
        var without = Stable.Differs(read);
        if (without is not null && _attempted.Count > 0)
        {
            var kept = Stable.Copy();
            _attempted.ForEach(kept.Add);
            if (kept.Differs(read) is null)
            {
                Keep();
                return;
            }
        }

        if (without is not null && read.Repair is { } repair)
        {
            RequireExact(read, repair);
            Stable.Forget();
            Stable.Restored(read);
            _attempted.Clear();
            return;
        }

        world.Invariants.Require(
            without is null,
            "RecoveredIsWhatWasDurable",
            $"m{member.Id.Value} read {without} ({_attempted.Count} batches were being written)");
        _attempted.Clear();
    }

    /// <summary>
    /// Less came back than was durable, and the log says what is missing: it must know exactly what it had promised.
    /// </summary>
    private void RequireExact(RestoredState read, Repair repair)
    {
        var attempted = Stable.Copy();
        _attempted.ForEach(attempted.Add);
        world.Invariants.Require(WasDamaged, "NoFalseAlarm", $"m{member.Id.Value} goes over to repair");
        world.Invariants.Require(
            (read.HardState == Stable.HardState && repair.Through >= Stable.LastIndex)
                || (read.HardState == attempted.HardState && repair.Through >= attempted.LastIndex),
            "RepairIsExact",
            $"m{member.Id.Value} read {read.HardState} and {repair}, not {Stable.HardState} through {Stable.LastIndex}");
        world.Invariants.Require(
            repair.Term >= read.HardState.Term, "RepairIsExact", $"m{member.Id.Value} read {repair}, {read.HardState}");
    }

    /// <summary>The member is whole again, and all that made it so is on stable storage.</summary>
    public void EndRepair()
    {
        if (_log?.Repair is not null)
        {
            world.Durability.RequireWhole(member, "counts as repaired");
            _log.EndRepair();
            Stable.Repaired();
        }
    }

    private WalOptions LogOptions(MemberId self) => new()
    {
        ClusterId = 1,
        Member = self,
        SnapshotDirectory = SnapshotDirectory,
        SegmentBytes = world.Options.SegmentBytes,
        MaxSpares = world.Options.MaxSpares,
        PrepareAhead = false,
    };
}
