using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Storage;

/// <summary>
/// Files for the segments to come, already zeroed or recycled, so that a write of the log never waits for the file
/// system to find space. Called by the log's thread; the next file is prepared on a thread of the pool's own.
/// </summary>
internal sealed partial class SegmentPool : IDisposable
{
    public const string SpareSuffix = ".spare";

    /// <summary>Of files that are not finished; a start removes them.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>The file that only keeps space from others.</summary>
    public const string BallastName = "ballast";

    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly WalOptions _options;
    private readonly Lock _gate = new();
    private readonly Queue<Spare> _spares = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _preparation = Task.CompletedTask;
    private bool _hasBallast;
    private bool _isShort;
    private IOException? _failure;
    private uint _lastSequence;

    /// <summary>Takes over the spare files in the directory, and removes what was not finished.</summary>
    public SegmentPool(IFileSystem fileSystem, string directory, WalOptions options)
    {
        (_fileSystem, _directory, _options) = (fileSystem, directory, options);
        foreach (var name in fileSystem.List(directory))
        {
            var path = $"{directory}/{name}";
            if (name.EndsWith(TemporarySuffix, StringComparison.Ordinal))
            {
                fileSystem.Delete(path);
            }
            else if (name == BallastName)
            {
                AdoptBallast(path);
            }
            else if (WalRecovery.SequenceOf(name, SpareSuffix) is { } spare)
            {
                _lastSequence = Math.Max(_lastSequence, spare);
                Adopt(path);
            }
            else if (WalRecovery.SequenceOf(name, WalRecovery.Suffix) is { } segment)
            {
                _lastSequence = Math.Max(_lastSequence, segment);
            }
        }
    }

    /// <summary>Bytes of the spare files.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _spares.Sum(spare => spare.Length);
            }
        }
    }

    /// <summary>False: there was no space for what should be kept ready, and there has not been since.</summary>
    public bool ReserveIsWhole
    {
        get
        {
            lock (_gate)
            {
                return !_isShort;
            }
        }
    }

    /// <summary>Non-null: the disk failed while a segment was prepared. The log must not go on.</summary>
    public IOException? Failure
    {
        get
        {
            lock (_gate)
            {
                return _failure;
            }
        }
    }

    /// <summary>A segment of at least <paramref name="bytes"/>, under its final name, which is durable.</summary>
    /// <exception cref="NoSpaceException">Nothing changed.</exception>
    public WalSegment Take(long bytes, uint follows)
    {
        var (spare, sequence) = TakeSpare(bytes);
        var path = $"{_directory}/{WalRecovery.NameOf(sequence, WalRecovery.Suffix)}";
        if (spare is null)
        {
            var wanted = _options.PrepareAhead
                ? Math.Min(_options.FirstSegmentBytes, _options.SegmentBytes)
                : _options.SegmentBytes;
            spare = CreateFromReserve(sequence, Math.Max(RoundUp(wanted), RoundUp(bytes)), RoundUp(bytes));
        }

        // Durable before anything is written: were the old name still there after a crash, the recycled file would pass
        // for the segment it used to be.
        _fileSystem.Rename(spare.Path, path);
#if MUTANTS
        if (Planted.Is(Mutant.SegmentNameNotSynced))
        {
            return new(sequence, follows, path, spare.Length, MaxIndex: 0);
        }
#endif
        _fileSystem.SyncDirectory(_directory);
        return new(sequence, follows, path, spare.Length, MaxIndex: 0);
    }

    /// <summary>Starts to prepare what should be kept ready and is not there: the next segment, and the reserve.</summary>
    public void PrepareAhead()
    {
        if (!_options.PrepareAhead)
        {
            // In the calling thread; a segment is made when it is needed.
            PrepareBallast();
            return;
        }

        lock (_gate)
        {
            if ((_spares.Count == 0 || _isShort || (_options.ReserveBytes > 0 && !_hasBallast))
                && _preparation.IsCompleted)
            {
                var sequence = _spares.Count == 0 ? ++_lastSequence : (uint?)null;
                _preparation = Task.Factory.StartNew(
                    () => Prepare(sequence),
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default);
            }
        }
    }

    /// <summary>A segment that the log no longer needs.</summary>
    public void Release(WalSegment segment)
    {
        lock (_gate)
        {
            if (segment.Length == RoundUp(_options.SegmentBytes) && _spares.Count < _options.MaxSpares)
            {
                var spare = $"{_directory}/{WalRecovery.NameOf(segment.Sequence, SpareSuffix)}";
                _fileSystem.Rename(segment.Path, spare);
                _spares.Enqueue(new(spare, segment.Length));
            }
            else
            {
                _fileSystem.Delete(segment.Path);
            }
        }

        // One at a time, oldest first: a crash leaves a log without its beginning, never one with a hole.
        _fileSystem.SyncDirectory(_directory);
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _preparation.Wait();
        _stopping.Dispose();
    }

    private (Spare? Spare, uint Sequence) TakeSpare(long bytes)
    {
        lock (_gate)
        {
            var spare = _spares.TryPeek(out var first) && first.Length >= bytes ? _spares.Dequeue() : null;
            return (spare, ++_lastSequence);
        }
    }

    private void Adopt(string path)
    {
        using var file = _fileSystem.Open(path, writable: false);
        if (file.Length == RoundUp(_options.SegmentBytes) && _spares.Count < _options.MaxSpares)
        {
            _spares.Enqueue(new(path, file.Length));
        }
        else
        {
            _fileSystem.Delete(path);
        }
    }

    private void Prepare(uint? sequence)
    {
        try
        {
            if (sequence is { } number)
            {
                var created = Create(number, RoundUp(_options.SegmentBytes));
                var spare = $"{_directory}/{WalRecovery.NameOf(number, SpareSuffix)}";
                _fileSystem.Rename(created.Path, spare);
                _fileSystem.SyncDirectory(_directory);
                lock (_gate)
                {
                    _spares.Enqueue(new(spare, created.Length));
                }
            }

            PrepareBallast();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Its file is removed by the next start.
        }
        catch (NoSpaceException e)
        {
            // The log goes on with small segments, out of the reserve.
            lock (_gate)
            {
                _isShort = true;
            }

            PreparationFailed(_options.Logger, e.Message, _directory);
        }
        catch (IOException e)
        {
            lock (_gate)
            {
                _failure = e;
            }
        }
    }

    private void PrepareBallast()
    {
        if (_options.ReserveBytes > 0 && !_hasBallast)
        {
            var temporary = $"{_directory}/{BallastName}{TemporarySuffix}";
            try
            {
                using var file = _fileSystem.Create(temporary);
                file.Reserve(_options.ReserveBytes);
                file.SyncData();
            }
            catch (NoSpaceException)
            {
                _fileSystem.Delete(temporary);
                lock (_gate)
                {
                    _isShort = true;
                }

                return;
            }

            _fileSystem.Rename(temporary, $"{_directory}/{BallastName}");
            _fileSystem.SyncDirectory(_directory);
        }

        lock (_gate)
        {
            _hasBallast = _options.ReserveBytes > 0;
            _isShort = false;
        }
    }

    /// <summary>What the log needs now, if need be in the space of the ballast and no larger than it must be.</summary>
    private Spare CreateFromReserve(uint sequence, long wanted, long needed)
    {
        try
        {
            return Create(sequence, wanted);
        }
        catch (NoSpaceException)
        {
            lock (_gate)
            {
                _isShort = true;
                if (!_hasBallast)
                {
                    throw;
                }

                _hasBallast = false;
            }

            _fileSystem.Delete($"{_directory}/{BallastName}");
            _fileSystem.SyncDirectory(_directory);
            return Create(sequence, Math.Max(needed, Math.Min(wanted, RoundUp(_options.FirstSegmentBytes))));
        }
    }

    private void AdoptBallast(string path)
    {
        using (var file = _fileSystem.Open(path, writable: false))
        {
            _hasBallast = file.Length == _options.ReserveBytes;
        }

        if (!_hasBallast)
        {
            _fileSystem.Delete(path);
        }
    }

    private Spare Create(uint sequence, long bytes)
    {
        var path = $"{_directory}/{WalRecovery.NameOf(sequence, TemporarySuffix)}";
        try
        {
            using var file = _fileSystem.Create(path);
            file.Preallocate(bytes, _stopping.Token);
        }
        catch (NoSpaceException)
        {
            _fileSystem.Delete(path);
            throw;
        }

        return new(path, bytes);
    }

    private static long RoundUp(long bytes) => (bytes + WalSector.Size - 1) / WalSector.Size * WalSector.Size;

    [LoggerMessage(
        LogLevel.Warning, "The next segment of the write-ahead log in {Directory} could not be prepared: {Reason}")]
    private static partial void PreparationFailed(ILogger logger, string reason, string directory);

    private sealed record Spare(string Path, long Length);
}
