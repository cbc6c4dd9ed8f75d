namespace Blixard.Node.History;

/// <summary>What samples of one figure come to, in stored form.</summary>
/// <param name="Count">Of samples that had the figure; 0: none, and the rest means nothing.</param>
internal readonly record struct Summary(long Count, double Sum, long Max)
{
    public Summary Add(long value) => Add(new Summary(1, value, value));

    public Summary Add(Summary other) => Count == 0 ? other
        : other.Count == 0 ? this
        : new(Count + other.Count, Sum + other.Sum, Math.Max(Max, other.Max));
}

/// <summary>
/// Sums up the sweeps of a minute, so that a question about a day reads 1,440 records instead of 17,280. VM by VM, and not
/// compressed: whoever wants one of a thousand passes over the others without reading them.
/// </summary>
internal sealed class MinuteRollup
{
    private readonly VarintWriter _body = new();
    private readonly VarintWriter _vm = new();
    private readonly SortedDictionary<string, Summary[]> _vms = new(StringComparer.Ordinal);
    private DateTimeOffset? _minute;

    public static DateTimeOffset MinuteOf(DateTimeOffset at) =>
        new(at.Ticks - (at.Ticks % TimeSpan.TicksPerMinute), at.Offset);

    /// <summary>The record of the minute before, if the sweep begins another; whichever way the clock went.</summary>
    public byte[]? Add(Sweep sweep)
    {
        var minute = MinuteOf(sweep.At);
        var finished = _minute is not null && _minute != minute ? Finish() : null;
        _minute = minute;
        foreach (var (name, figures) in sweep.Vms)
        {
            if (!_vms.TryGetValue(name, out var summaries))
            {
                _vms.Add(name, summaries = new Summary[HistoryMetrics.Count]);
            }

            for (var metric = 0; metric < summaries.Length; metric++)
            {
                if (figures[(HistoryMetric)metric] is { } value)
                {
                    summaries[metric] = summaries[metric].Add(value);
                }
            }
        }

        return finished;
    }

    /// <summary>Nothing was added.</summary>
    public void Clear()
    {
        _vms.Clear();
        _minute = null;
    }

    /// <summary>The summary of one VM and figure in a record; null if that VM is not in it.</summary>
    /// <exception cref="HistoryDamagedException">It is not a record of this.</exception>
    public static Summary? Read(ReadOnlySpan<byte> record, ReadOnlySpan<byte> vmUtf8, HistoryMetric metric)
    {
        var reader = new VarintReader(record[RecordFrame.HeaderBytes..]);
        while (!reader.AtEnd)
        {
            var name = reader.Bytes();
            var entry = reader.Bytes();
            if (name.SequenceEqual(vmUtf8))
            {
                return Read(new VarintReader(entry), metric);
            }
        }

        return null;
    }

    private static Summary Read(VarintReader entry, HistoryMetric metric)
    {
        for (var at = 0; !entry.AtEnd; at++)
        {
            var count = entry.Unsigned();
            if (count == 0)
            {
                if (at == (int)metric)
                {
                    return default;
                }

                continue;
            }

            var (sum, max) = (entry.Nullable() ?? 0, entry.Nullable() ?? 0);
            if (at == (int)metric)
            {
                return new((long)count, sum, max);
            }
        }

        return default;
    }

    private byte[] Finish()
    {
        _body.Clear();
        foreach (var (name, summaries) in _vms)
        {
            _vm.Clear();
            foreach (var summary in summaries)
            {
                _vm.Unsigned((ulong)summary.Count);
                if (summary.Count > 0)
                {
                    _vm.Nullable((long)Math.Clamp(summary.Sum, -1e18, 1e18));
                    _vm.Nullable(summary.Max);
                }
            }

            _body.Text(name);
            _body.Bytes(_vm.Written);
        }

        var record = RecordFrame.Seal(RecordKind.Minute, _minute!.Value, _body.Written);
        _vms.Clear();
        return record;
    }
}
