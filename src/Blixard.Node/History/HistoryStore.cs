using System.Text;

namespace Blixard.Node.History;

/// <summary>
/// The samples of this node's VMs on its own disk: rebuildable, and never in the way. A damaged log is set aside and begun
/// anew; a full disk pauses it until there is room. One call at a time: a question takes a fraction of a second.
/// </summary>
internal sealed partial class HistoryStore(
    HistorySettings settings,
    Func<string, IHistoryLog> open,
    Func<string, long> freeSpace,
    HistoryMeter meter,
    TimeProvider time,
    ILogger<HistoryStore> log) : IDisposable
{
    /// <summary>What a crash may cost. A commit is a synchronous write or two.</summary>
    public static readonly TimeSpan CommitEvery = TimeSpan.FromSeconds(30);

    /// <summary>After an error of the disk it is opened again, but not at once.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestPauseInRun = TimeSpan.FromMinutes(1);

    private const string LogDirectory = "log";
    private const string SetAsidePrefix = "damaged-";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SweepEncoder _encoder = new();
    private readonly MinuteRollup _rollup = new();
    private HistoryIndex _index = new();
    private IHistoryLog? _log;
    private long _lastCommit;
    private long? _failedAt;
    private DateTimeOffset _lastSweep;
    private bool _unproven;
    private HistoryStatus _status = new() { Enabled = settings.Enabled };

    /// <summary>Any thread may ask.</summary>
    public HistoryStatus Status => Volatile.Read(ref _status);

    /// <summary>Finds what is there; what can't be read is set aside. Never throws for what a disk can do.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        if (_log is null)
        {
            TryOpen();
        }
    }

    /// <summary>Keeps a sweep, unless the disk is full or fails: that is said, and tried again later.</summary>
    public async Task RecordAsync(Sweep sweep, CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        if (_log is null && !TryOpen())
        {
            meter.Dropped();
            return;
        }

        try
        {
            if (freeSpace(settings.Directory) is var free && free < settings.ReserveBytes)
            {
                Pause($"only {free} bytes are free on its disk, and {settings.ReserveBytes} are kept for others");
                meter.Dropped();
                return;
            }

            try
            {
                await KeepAsync(sweep, cancellationToken);
            }
            catch (HistoryDamagedException e)
            {
                // What was read when it was opened is whole, and yet it can't be gone on with.
                BeginAnew(e.Message);
                await KeepAsync(sweep, cancellationToken);
            }

            GoOn();
            meter.Stored();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HistoryDamagedException)
        {
            Fail(e.Message);
            meter.Dropped();
        }
    }

    /// <summary>The figure, step by step. Empty while nothing can be read.</summary>
    /// <exception cref="HistoryDamagedException">What is there is damaged; the next start sets it aside.</exception>
    public async Task<HistorySteps> ReadAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        var steps = new HistorySteps(query);
        if (_log is null)
        {
            return steps;
        }

        // The sweeps after the newest minute are in none yet.
        long unsummed = 0;
        if (query.UsesMinutes)
        {
            var name = Encoding.UTF8.GetBytes(query.Vm);
            foreach (var minute in _index.Minutes(query.Since, query.Until))
            {
                var record = await _log.ReadAsync(minute.Begin, minute.End, cancellationToken);
                var (_, at) = RecordFrame.Open(record.Span);
                steps.Add(at, MinuteRollup.Read(record.Span, name, query.Metric) ?? default);
            }

            unsummed = _index.SummedUpTo;
        }

        ReadSweeps(query, unsummed, steps, cancellationToken);
        return steps;
    }

    /// <summary>Everything that was kept is on the disk.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        try
        {
            if (_log is not null)
            {
                await CommitAsync(cancellationToken);
            }
        }
        catch (IOException e)
        {
            Fail(e.Message);
        }
        finally
        {
            CloseLog();
        }
    }

    public void Dispose()
    {
        CloseLog();
        _gate.Dispose();
    }

    private async Task KeepAsync(Sweep sweep, CancellationToken cancellationToken)
    {
        if (sweep.At < _lastSweep || sweep.At - _lastSweep > LongestPauseInRun)
        {
            // A stretch of the log shall be one of time, so that what is too old can be told from what is not.
            _encoder.BeginRun();
        }

        _lastSweep = sweep.At;
        if (_rollup.Add(sweep) is { } minute)
        {
            Append(minute);
        }

        Append(_encoder.Encode(sweep));
        Trim();
        if (time.GetElapsedTime(_lastCommit) >= CommitEvery)
        {
            await CommitAsync(cancellationToken);
        }
    }

    private void ReadSweeps(HistoryQuery query, long from, HistorySteps steps, CancellationToken cancellationToken)
    {
        var decoder = new SweepDecoder(query.Metric);
        foreach (var (record, begin) in SweepsOf(_index.Runs(query.Since, query.Until), from))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (decoder.Read(record.Span) && begin >= from && decoder.Value(query.Vm, query.Metric) is { } value)
            {
                steps.Add(RecordFrame.Open(record.Span).At, new Summary(1, value, value));
            }
        }
    }

    /// <summary>
    /// All records from the first of these runs to the last, those that end after an address: read in one go, as runs lie
    /// behind each other.
    /// </summary>
    private IEnumerable<(ReadOnlyMemory<byte> Record, long Begin)> SweepsOf(IReadOnlyList<Stretch> runs, long from)
    {
        Stretch[] wanted = [.. runs.Where(run => run.End > from)];
        return wanted.Length == 0
            ? []
            : _log!.Read(wanted[0].Begin, wanted[^1].End).Select(found => (found.Record, found.Begin));
    }

    private void Append(ReadOnlySpan<byte> record)
    {
        var (kind, at) = RecordFrame.Open(record);
        var begin = _log!.Append(record);
        if (_unproven)
        {
            Prove(record, begin);
        }

        _index.Add(kind, at, begin, _log.Tail);
    }

    /// <summary>
    /// The first record after a start can be read again: damage that only what opened the log could have seen may have put
    /// its end where nothing is found.
    /// </summary>
    private void Prove(ReadOnlySpan<byte> appended, long begin)
    {
        ReadOnlyMemory<byte> found = default;
        foreach (var (record, _, _) in _log!.Read(begin, _log.Tail))
        {
            found = record;
            break;
        }

        if (!found.Span.SequenceEqual(appended))
        {
            throw new HistoryDamagedException($"what was appended at {begin} is not found there");
        }

        _unproven = false;
    }

    private async Task CommitAsync(CancellationToken cancellationToken)
    {
        _lastCommit = time.GetTimestamp();
        await _log!.CommitAsync(cancellationToken);
    }

    /// <summary>Gives up what is too old or too much.</summary>
    private void Trim()
    {
        var begin = _index.FirstToKeep(time.GetUtcNow() - settings.Keep) ?? 0;
        if (_log!.Tail - _log.Begin > settings.MaxBytes - FasterHistoryLog.SegmentBytes)
        {
            begin = Math.Max(begin, _log.Tail - (settings.MaxBytes - FasterHistoryLog.SegmentBytes));
        }

        if (begin > _log.Begin)
        {
            _log.Truncate(begin);
            _index.Truncate(_log.Begin);
        }
    }

    private bool TryOpen()
    {
        if (!settings.Enabled || (_failedAt is { } failed && time.GetElapsedTime(failed) < RetryAfter))
        {
            return false;
        }

        try
        {
            try
            {
                OpenLog();
            }
            catch (HistoryDamagedException e)
            {
                BeginAnew(e.Message);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HistoryDamagedException)
        {
            Fail(e.Message);
            return false;
        }
    }

    private void BeginAnew(string reason)
    {
        CloseLog();
        SetAside(reason);
        OpenLog();
    }

    private void OpenLog()
    {
        _log = open(Path.Combine(settings.Directory, LogDirectory));
        _unproven = true;
        _index = new HistoryIndex();
        _encoder.BeginRun();
        _rollup.Clear();
        var end = _log.Begin;
        foreach (var (record, begin, next) in _log.Read(_log.Begin, _log.Tail))
        {
            var (kind, at) = RecordFrame.Open(record.Span);
            _index.Add(kind, at, begin, next);
            end = next;
        }

        if (end < _log.Tail)
        {
            throw new HistoryDamagedException($"it ends at {end} where it should at {_log.Tail}");
        }

        SumUp();
        _lastCommit = time.GetTimestamp();
        Publish();
    }

    /// <summary>
    /// The sweeps that no minute was made of when this node stopped. None ends here: a minute's record is appended before
    /// the sweep that ended it.
    /// </summary>
    private void SumUp()
    {
        var from = _index.SummedUpTo;
        var decoder = new SweepDecoder(Enum.GetValues<HistoryMetric>()[^1]);
        var runs = _index.Runs(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        foreach (var (record, begin) in SweepsOf(runs, from))
        {
            if (decoder.Read(record.Span) && begin >= from)
            {
                _rollup.Add(decoder.Sweep(RecordFrame.Open(record.Span).At));
            }
        }
    }

    private void SetAside(string reason)
    {
        foreach (var older in Directory.EnumerateDirectories(settings.Directory, SetAsidePrefix + "*"))
        {
            Directory.Delete(older, recursive: true);
        }

        var name = SetAsidePrefix + time.GetUtcNow().UtcDateTime.ToString(
            "yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var aside = Path.Combine(settings.Directory, name);
        Directory.Move(Path.Combine(settings.Directory, LogDirectory), aside);
        Volatile.Write(ref _status, Status with { SetAside = aside, SetAsideBecause = reason });
        meter.SetAside();
        LogSetAside(reason, aside);
    }

    private void CloseLog()
    {
        _log?.Dispose();
        _log = null;
    }

    private void Fail(string reason)
    {
        _failedAt = time.GetTimestamp();
        CloseLog();
        Pause(reason);
    }

    private void Pause(string reason)
    {
        if (Status.PausedBecause is null)
        {
            LogPaused(reason);
        }

        Volatile.Write(ref _status, Status with
        {
            PausedBecause = reason,
            PausedSince = Status.PausedSince ?? time.GetUtcNow(),
        });
    }

    private void GoOn()
    {
        _failedAt = null;
        if (Status.PausedSince is { } since)
        {
            LogGoesOn((time.GetUtcNow() - since).TotalSeconds);
        }

        Publish();
    }

    private void Publish() => Volatile.Write(ref _status, Status with
    {
        PausedBecause = null,
        PausedSince = null,
        Oldest = _index.Oldest,
        Newest = _index.Newest,
        Bytes = _log!.Tail - _log.Begin,
    });

    private async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        return new Turn(_gate);
    }

    [LoggerMessage(LogLevel.Warning, "The history of samples is damaged ({Reason}): it is now {Directory}, and begun anew")]
    private partial void LogSetAside(string reason, string directory);

    [LoggerMessage(LogLevel.Warning, "No samples are recorded: {Reason}")]
    private partial void LogPaused(string reason);

    [LoggerMessage(LogLevel.Information, "Samples are recorded again, after {Seconds:0} s")]
    private partial void LogGoesOn(double seconds);

    private readonly struct Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
