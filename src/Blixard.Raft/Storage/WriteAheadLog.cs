using System.Collections.Immutable;
using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Storage;

/// <summary>
/// Term, vote and entries on stable storage (Figure 2, "persistent state"). Batches are gathered by
/// <see cref="Append"/> and made durable together by <see cref="Sync"/>. One thread at a time.
/// </summary>
/// <remarks>
/// A directory of preallocated segments <c>00000001.wal, ...</c>; spare ones end in <c>.spare</c>. The format:
/// <see cref="WalSector"/> within <see cref="FrameHeader"/> within <see cref="WalHead"/>, <see cref="WalRecords"/>.
/// What recovery accepts and refuses: <see cref="WalRecovery"/>.
/// </remarks>
public sealed partial class WriteAheadLog : IDisposable
{
    private const long MinSegmentBytes = 4096;
    private const string LockName = "lock";

    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly WalOptions _options;
    private readonly IDisposable _lock;
    private readonly SegmentPool _pool;
    private readonly LogShape _shape;
    private readonly WalFrameWriter _frame = new();
    private readonly WalFrameWriter _headFrame = new();

    /// <summary>Segments before the active one, oldest first.</summary>
    private readonly List<WalSegment> _sealed;

    // For the scrub, which is another thread's.
    private readonly Lock _scrubGate = new();
    private readonly HashSet<uint> _damaged = [];
    private ImmutableArray<WalSegment> _sealedSegments = [];

    private WalSegment _active;
    private IFile? _file;
    private long _position;

    /// <summary>What is on stable storage.</summary>
    private WalHead _durable;
    private ulong _lastBatch;
    private uint _digest;

    /// <summary>The last batch holds nothing, so it need not be proved.</summary>
    private bool _isMarked;
    private ulong _bufferedMaxIndex;
    private StorageFailedException? _failure;
#if MUTANTS
    private readonly bool _isOpen;
#endif

    private WriteAheadLog(
        IFileSystem fileSystem,
        string directory,
        WalOptions options,
        IDisposable held,
        SegmentPool pool,
        RecoveredLog log)
    {
        (_fileSystem, _directory, _options, _lock, _pool) = (fileSystem, directory, options, held, pool);
        _shape = log.Replay.Shape;
        _sealed = [.. log.Segments];
        _durable = log.BeforeLast;
        _digest = log.DigestBeforeLast;
        _lastBatch = log.LastBatch - 1;
        Recovery = log.Report;

        // The last batch may have been read from the page cache. It is written anew, into a fresh segment, and what is
        // here counts only after that is durable.
        _frame.Write(log.Tail.Span);
        _bufferedMaxIndex = log.TailMaxIndex;
        if (log.Salvage is { } salvage)
        {
            if (salvage.Restart is { } restart)
            {
                WalRecords.Write(_frame, restart, replacesLog: true, restartsLog: true);
            }

            WalRecords.Write(_frame, _shape.HardState);
            _active = BeginSegment(log.BeforeLast.Follows);
            WriteFrame();
            Clear(salvage);
        }
        else
        {
            var last = log.Segments.Count > 0 ? log.Segments[^1] : null;
            _active = BeginSegment((log.LastIsFirst ? last?.Follows : last?.Sequence) ?? 0);
            WriteFrame();
            RetirePredecessor(log);
        }

        PublishSealed();
        _pool.PrepareAhead();
#if MUTANTS
        _isOpen = true;
#endif
    }

    /// <summary>What opening the log found.</summary>
    public RecoveryReport Recovery { get; }

    /// <summary>
    /// Non-null: entries that were on stable storage here are lost, and not yet made good. Durable; survives starts until
    /// <see cref="EndRepair"/>.
    /// </summary>
    public Repair? Repair { get; private set; }

    /// <summary>Bytes that may still be allocated beside this log.</summary>
    public long FreeBytes => _fileSystem.FreeBytes(_directory);

    /// <summary>False: there was no space for the spare segment or the reserve, or the reserve was used.</summary>
    public bool ReserveIsWhole => _pool.ReserveIsWhole;

    /// <summary>Tries to make the reserve whole again, in the background.</summary>
    /// <exception cref="StorageFailedException">The disk failed while a segment was prepared.</exception>
    public void RestoreReserve()
    {
        ThrowIfFailed();
        _pool.PrepareAhead();
    }

    /// <summary>Bytes of all segments on disk, spare ones included.</summary>
    public long Bytes => _sealed.Sum(segment => segment.Length) + _active.Length + _pool.Bytes;

    /// <summary>
    /// Opens the log in a directory, or begins one. All that is returned is on stable storage. If something that was
    /// durable is damaged, what is left is returned with a <see cref="RestoredState.Repair"/> that says what is lost,
    /// and the damaged file is set aside.
    /// </summary>
    /// <exception cref="WalCorruptException">
    /// Something durable is damaged or missing, and it can't be known exactly what, or nobody else has it; or all of
    /// the log is gone, and something beside it says that there was one.
    /// </exception>
    /// <exception cref="StorageIdentityException">It is another member's log.</exception>
    /// <exception cref="StorageVersionException">It is of a format version that this program does not read.</exception>
    /// <exception cref="IOException">The disk failed or is full, or another process has the log open.</exception>
    public static WriteAheadLog Open(
        IFileSystem fileSystem, string directory, WalOptions options, out RestoredState restored)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentBytes, MinSegmentBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.FirstSegmentBytes, MinSegmentBytes);
        fileSystem.CreateDirectory(directory);
        var held = fileSystem.Lock($"{directory}/{LockName}");
        SegmentPool? pool = null;
        try
        {
            LostLog.Refuse(fileSystem, directory, options.SnapshotDirectory);
            var repair = RepairMarker.Read(fileSystem, directory, options);
            var log = Recover(fileSystem, directory, options);
            if (log.Salvage is { } salvage)
            {
                DamageFound(
                    options.Logger,
                    salvage.Damage.File,
                    salvage.Damage.Offset,
                    salvage.Damage.Expected,
                    salvage.Damage.IntactThrough,
                    salvage.Damage.DurableThrough);
                if (salvage.Lost is { } lost)
                {
                    // Before anything is changed: whatever happens from here on, the next start knows.
                    repair = repair is { } before ? Core.Repair.Both(before, lost) : lost;
                    RepairMarker.Write(fileSystem, directory, options, repair.Value);
                }
            }

            if (log.Report.Torn is { } torn)
            {
                TailIsTorn(options.Logger, torn.Batch, torn.File, torn.Offset);
            }

            foreach (var path in log.Abandoned)
            {
                fileSystem.Delete(path);
                fileSystem.SyncDirectory(directory);
            }

            pool = new SegmentPool(fileSystem, directory, options);
            var opened = new WriteAheadLog(fileSystem, directory, options, held, pool, log) { Repair = repair };

            // Only now that the last batch is written anew: before, they may have held its one durable copy.
            foreach (var path in log.Superseded)
            {
                fileSystem.Delete(path);
                fileSystem.SyncDirectory(directory);
            }

            restored = log.Replay.ToRestored() with { Repair = repair };
            return opened;
        }
        catch
        {
            pool?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>Segments that are not written to any more, oldest first; any thread may read it.</summary>
    internal ImmutableArray<WalSegment> SealedSegments
    {
        get
        {
            lock (_scrubGate)
            {
                return _sealedSegments;
            }
        }
    }

    /// <summary>For reading; null: it is gone.</summary>
    internal IFile? TryOpen(WalSegment segment)
    {
        try
        {
            return _fileSystem.Open(segment.Path, writable: false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// The segment has bytes that were never written: it will be set aside, not used again, when it is compacted. False:
    /// it is no longer part of the log. Any thread may call it.
    /// </summary>
    internal bool NoteDamage(WalSegment segment)
    {
        lock (_scrubGate)
        {
            if (!_sealedSegments.Contains(segment))
            {
                return false;
            }

            _damaged.Add(segment.Sequence);
            return true;
        }
    }

    /// <summary>Takes a batch into the buffer. Nothing is promised before <see cref="Sync"/> returns.</summary>
    /// <exception cref="ArgumentException">
    /// It breaks a rule of Raft's log: a gap, a term or vote that goes back, an entry too large. The log is unusable
    /// from now on, for half of the batch may be in the buffer.
    /// </exception>
    public void Append(WalBatch batch)
    {
        ThrowIfFailed();
        if (batch.HardState is { } hardState)
        {
            Check(_shape.Accept(hardState));
            WalRecords.Write(_frame, hardState);
        }

        // A member that started from its older snapshot makes markers again that the log has long passed.
        if (batch.Snapshot is { } snapshot && (batch.ReplacesLog || snapshot.Index >= _shape.Snapshot.Index))
        {
            Check(_shape.Accept(snapshot, batch.ReplacesLog, batch.RestartsLog));
            WalRecords.Write(_frame, snapshot, batch.ReplacesLog, batch.RestartsLog);
        }

        var entries = batch.Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Size > _options.MaxEntryBytes)
            {
                Check($"an entry of at most {_options.MaxEntryBytes} bytes, not {entry.Size}");
            }

            // Only the first may replace what is there.
            Check(
                i > 0 && entry.Index != _shape.LastIndex + 1
                    ? $"entry {_shape.LastIndex + 1}, not {entry.Index}"
                    : _shape.Accept(entry.Index, entry.Term));
            WalRecords.Write(_frame, entry);
            _bufferedMaxIndex = Math.Max(_bufferedMaxIndex, entry.Index);
        }
    }

    /// <summary>One write and one fdatasync for all that was appended since the last.</summary>
    /// <exception cref="NoSpaceException">Nothing was written; call again when there is space.</exception>
    /// <exception cref="StorageFailedException">The log is unusable from now on; end the process.</exception>
    public void Sync()
    {
        ThrowIfFailed();
        if (_frame.Length > 0)
        {
            WriteBatch();
        }
    }

    /// <summary>
    /// When idle, and before an orderly stop: an empty batch, which proves to the next start that the one before it was
    /// acknowledged. Without it, a last batch of which whole sectors vanished looks like one that was never completed.
    /// </summary>
    public void MarkDurable()
    {
        ThrowIfFailed();
        if (_frame.Length > 0 || !_isMarked)
        {
            Sync();
            WriteBatch();
        }
    }

    /// <summary>
    /// Entries up to <paramref name="index"/> are no longer needed: drops the segments that hold no other. The snapshot
    /// that replaces them must have been appended and synced.
    /// </summary>
    public void Compact(ulong index)
    {
        ThrowIfFailed();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, _durable.Snapshot.Index);
        while (_sealed.Count > 0 && _sealed[0].MaxIndex <= index)
        {
            try
            {
                Release(_sealed[0]);
            }
            catch (IOException e)
            {
                throw Fail("dropping a segment", e);
            }

            _sealed.RemoveAt(0);
        }

        PublishSealed();
    }

    private void Release(WalSegment segment)
    {
        bool damaged;
        lock (_scrubGate)
        {
            _sealedSegments = _sealedSegments.Remove(segment);
            damaged = _damaged.Remove(segment.Sequence);
        }

        if (damaged)
        {
            SetAsideFiles.Add(_fileSystem, _directory, segment.Path);
            _fileSystem.SyncDirectory(_directory);
        }
        else
        {
            _pool.Release(segment);
        }
    }

    private void PublishSealed()
    {
        lock (_scrubGate)
        {
            _sealedSegments = [.. _sealed];
        }
    }

    /// <summary>
    /// From now on, and over restarts, this member counts as one that lost what it had acknowledged: for damage outside
    /// of the log. Durable when it returns.
    /// </summary>
    public void BeginRepair(Repair repair)
    {
        ThrowIfFailed();
        repair = Repair is { } before ? Core.Repair.Both(before, repair) : repair;
        try
        {
            RepairMarker.Write(_fileSystem, _directory, _options, repair);
            Repair = repair;
        }
        catch (IOException e) when (e is not NoSpaceException)
        {
            throw Fail("noting a repair", e);
        }
    }

    /// <summary>
    /// The core says that the repair is done (<see cref="RaftNode.IsRepairing"/> is false), and all batches that it was
    /// told are durable are.
    /// </summary>
    public void EndRepair()
    {
        ThrowIfFailed();
        if (Repair is null)
        {
            return;
        }

        try
        {
            RepairMarker.Delete(_fileSystem, _directory);
            Repair = null;
        }
        catch (IOException e)
        {
            throw Fail("ending a repair", e);
        }
    }

    public void Dispose()
    {
        _pool.Dispose();
        _file?.Dispose();
        _lock.Dispose();
    }

    private void WriteBatch()
    {
        if (_position + _frame.FileBytes > _active.Length)
        {
            var next = BeginSegment(_active.Sequence);
            _sealed.Add(_active);
            _active = next;
            PublishSealed();
            WriteFrame();
            _pool.PrepareAhead();
        }
        else
        {
            WriteFrame();
        }
    }

    private static RecoveredLog Recover(IFileSystem fileSystem, string directory, WalOptions options)
    {
        try
        {
            return new WalRecovery(fileSystem, directory, options).Run();
        }
        catch (WalCorruptException damage)
        {
            return new WalSalvage(fileSystem, directory, options, damage).Run();
        }
    }

    /// <summary>Opens the segment for the batch in the buffer, and makes its head. Writes nothing yet.</summary>
    private WalSegment BeginSegment(uint follows)
    {
        _headFrame.Clear();
        (_durable with { Follows = follows }).Write(_headFrame);
        try
        {
            var segment = _pool.Take(_headFrame.FileBytes + _frame.FileBytes, follows);
            _file?.Dispose();
            _file = _fileSystem.Open(segment.Path, writable: true);
            _position = 0;
            return segment;
        }
        catch (IOException e) when (e is not NoSpaceException)
        {
            throw Fail("beginning a segment", e);
        }
    }

    private void WriteFrame()
    {
        var batch = _lastBatch + 1;
        var stamp = new SectorStamp(batch, _shape.HardState, _shape.LastIndex, Number: 0, Count: 0);
        try
        {
            var start = _position;
            if (start == 0)
            {
                var head = _headFrame.Finish(FrameKind.Head, _active.Sequence, stamp, 0, _digest, out _);
                _file!.Write(0, head);
                start = head.Length;
            }

            var sector = start / WalSector.Size;
            var bytes = _frame.Finish(FrameKind.Batch, _active.Sequence, stamp, sector, _digest, out var digest);
            _file!.Write(start, bytes);
            SyncBatch();
            _digest = digest;
            _position = start + bytes.Length;
        }
        catch (IOException e)
        {
            throw Fail($"writing batch {batch}", e);
        }

        _lastBatch = batch;
        _isMarked = _frame.Length == 0;
        _durable = WalHead.Of(_shape, _options, follows: 0);
        _active = _active with { MaxIndex = Math.Max(_active.MaxIndex, _bufferedMaxIndex) };
        _bufferedMaxIndex = 0;
        _frame.Clear();
    }

    /// <summary>What is intact stands in the new segment now; the rest is out of the way.</summary>
    private void Clear(Salvaged salvage)
    {
        foreach (var path in salvage.Void)
        {
            if (salvage.Damaged.Contains(path))
            {
                SetAsideFiles.Add(_fileSystem, _directory, path);
            }
            else
            {
                _fileSystem.Delete(path);
            }
        }

        _fileSystem.SyncDirectory(_directory);
    }

    private void SyncBatch()
    {
#if MUTANTS
        if (Planted.Is(Mutant.BatchNotSynced) || (Planted.Is(Mutant.RecoveredBytesTrusted) && !_isOpen))
        {
            return;
        }

        try
        {
            _file!.SyncData();
        }
        catch (IOException) when (Planted.Is(Mutant.FsyncErrorRetried))
        {
            _file!.SyncData();
        }
#else
        _file!.SyncData();
#endif
    }

    /// <summary>What was the last segment ends before its last batch, which stands in the new one now.</summary>
    private void RetirePredecessor(RecoveredLog log)
    {
        if (_sealed.Count == 0)
        {
            return;
        }

        var previous = _sealed[^1];
        if (log.LastIsFirst)
        {
            _pool.Release(previous);
            _sealed.RemoveAt(_sealed.Count - 1);
            return;
        }

        using var file = _fileSystem.Open(previous.Path, writable: true);
        var length = log.LastStart * WalSector.Size;
        file.SetLength(length);
        file.SyncData();
        _sealed[^1] = previous with { Length = length };
    }

    private void Check(string? expected)
    {
        if (expected is not null)
        {
            var refused = new ArgumentException($"the log expected {expected}");
            _failure = new StorageFailedException("a batch was refused", refused);
            throw refused;
        }
    }

    private StorageFailedException Fail(string what, IOException cause) =>
        _failure = new StorageFailedException($"write-ahead log: {what} failed: {cause.Message}", cause);

    private void ThrowIfFailed()
    {
        if (_failure is null && _pool.Failure is { } preparing)
        {
            _failure = Fail("preparing a segment", preparing);
        }

        if (_failure is { } failure)
        {
            throw new StorageFailedException(failure.Message, failure);
        }
    }

    [LoggerMessage(
        LogLevel.Error,
        "The write-ahead log is damaged: {File}, offset {Offset}: expected {Expected}. Of what was stored through index "
        + "{DurableThrough} it is intact through {IntactThrough}; the damaged file is set aside as *.damaged")]
    private static partial void DamageFound(
        ILogger logger, string file, long offset, string expected, ulong intactThrough, ulong durableThrough);

    [LoggerMessage(
        LogLevel.Warning,
        "Batch {Batch} was being written when the power was lost, and is dropped: {File}, offset {Offset}. "
        + "It had not been acknowledged")]
    private static partial void TailIsTorn(ILogger logger, ulong batch, string file, long offset);
}
