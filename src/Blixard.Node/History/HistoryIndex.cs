namespace Blixard.Node.History;

/// <summary>A stretch of the log: a run of sweeps, or the record of a minute.</summary>
/// <param name="Begin">Address of its first record.</param>
/// <param name="End">Address after its last.</param>
internal readonly record struct Stretch(long Begin, long End, DateTimeOffset First, DateTimeOffset Last)
{
    public bool Overlaps(DateTimeOffset since, DateTimeOffset until) => First < until && Last >= since;
}

/// <summary>
/// Where in the log which time is; in memory, made anew at each start. In the order of the log, which is that of time only
/// as long as the clock does not step: so times are compared one by one, a few thousand of them for a day.
/// </summary>
internal sealed class HistoryIndex
{
    private readonly List<Stretch> _runs = [];
    private readonly List<Stretch> _minutes = [];

    public int Records { get; private set; }

    /// <summary>The newest sweep; null without any.</summary>
    public DateTimeOffset? Newest => _runs is [.., var last] ? last.Last : null;

    /// <summary>The oldest sweep in the log's order.</summary>
    public DateTimeOffset? Oldest => _runs is [var first, ..] ? first.First : null;

    public void Add(RecordKind kind, DateTimeOffset at, long begin, long end)
    {
        Records++;
        switch (kind)
        {
            case RecordKind.Minute:
                _minutes.Add(new(begin, end, at, at.AddMinutes(1) - TimeSpan.FromTicks(1)));
                break;
            case RecordKind.First:
                _runs.Add(new(begin, end, at, at));
                break;
            default:
                // A run whose beginning was truncated or is damaged can't be read, and is not there.
                if (_runs is [.., var run])
                {
                    _runs[^1] = run with
                    {
                        End = end,
                        First = at < run.First ? at : run.First,
                        Last = at > run.Last ? at : run.Last,
                    };
                }

                break;
        }
    }

    /// <summary>Forgets what lies before an address.</summary>
    public void Truncate(long begin)
    {
        _runs.RemoveAll(run => run.Begin < begin);
        _minutes.RemoveAll(minute => minute.Begin < begin);
    }

    /// <summary>The beginning of what is not older than that, in the log's order; null if nothing is older.</summary>
    public long? FirstToKeep(DateTimeOffset oldest)
    {
        // The newest run that is too old, and with it all before: a clock that was ahead once keeps nothing alive.
        var old = _runs.FindLastIndex(run => run.Last < oldest);
        return old < 0 ? null : old + 1 < _runs.Count ? _runs[old + 1].Begin : _runs[old].End;
    }

    public IReadOnlyList<Stretch> Runs(DateTimeOffset since, DateTimeOffset until) =>
        [.. _runs.Where(run => run.Overlaps(since, until))];

    public IReadOnlyList<Stretch> Minutes(DateTimeOffset since, DateTimeOffset until) =>
        [.. _minutes.Where(minute => minute.Overlaps(since, until))];

    /// <summary>
    /// The end of the newest minute's record: every sweep before it is in a minute's record, and none after it.
    /// </summary>
    public long SummedUpTo => _minutes is [.., var last] ? last.End : 0;
}
