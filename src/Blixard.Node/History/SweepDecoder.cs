using System.Buffers;
using System.IO.Compression;

namespace Blixard.Node.History;

/// <summary>Reads the sweeps of runs, in their order; of each only as many columns as are wanted.</summary>
/// <param name="upTo">The last metric that is wanted; another decoder must be taken for a later one.</param>
internal sealed class SweepDecoder(HistoryMetric upTo)
{
    // More than a host has, less than would hurt: a damaged count must not become an allocation.
    private const int MaxVms = 100_000;
    private const int MaxMetrics = 64;
    private const int MaxPlainBytes = 64 << 20;

    private string[] _names = [];
    private long[] _last = [];
    private bool[] _known = [];
    private int _metrics;
    private bool _inRun;

    /// <summary>The VMs of the sweep that was read, ordinally.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>False where the record is no sweep, or the first of its run was not read.</summary>
    /// <exception cref="HistoryDamagedException">It is not what was encoded.</exception>
    public bool Read(ReadOnlySpan<byte> record)
    {
        var (kind, _) = RecordFrame.Open(record);
        if (kind == RecordKind.Minute || (kind == RecordKind.Next && !_inRun))
        {
            return false;
        }

        _inRun = false;
        var packed = new VarintReader(record[RecordFrame.HeaderBytes..]);
        var length = packed.Count(MaxPlainBytes);
        var plain = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            if (!BrotliDecoder.TryDecompress(packed.Rest, plain, out var written) || written != length)
            {
                throw new HistoryDamagedException("a sweep can't be unpacked");
            }

            ReadColumns(kind, new VarintReader(plain.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }

        _inRun = true;
        return true;
    }

    /// <summary>Stored form of the figure of a VM in the sweep that was read; null where nobody knows.</summary>
    public long? Value(string vm, HistoryMetric metric)
    {
        var index = Array.BinarySearch(_names, vm, StringComparer.Ordinal);
        return index >= 0 && (int)metric < _metrics && _known[((int)metric * _names.Length) + index]
            ? _last[((int)metric * _names.Length) + index]
            : null;
    }

    /// <summary>All of the sweep that was read.</summary>
    public Sweep Sweep(DateTimeOffset at)
    {
        var vms = new SortedDictionary<string, VmFigures>(StringComparer.Ordinal);
        foreach (var name in _names)
        {
            var figures = new VmFigures();
            for (var metric = 0; metric < HistoryMetrics.Count; metric++)
            {
                figures[(HistoryMetric)metric] = Value(name, (HistoryMetric)metric);
            }

            vms[name] = figures;
        }

        return new Sweep(at, vms);
    }

    private void ReadColumns(RecordKind kind, VarintReader reader)
    {
        if (kind == RecordKind.First)
        {
            _names = new string[reader.Count(MaxVms)];
            _metrics = reader.Count(MaxMetrics);
            for (var i = 0; i < _names.Length; i++)
            {
                _names[i] = reader.Text();
            }

            _last = new long[_names.Length * _metrics];
            _known = new bool[_last.Length];
        }

        var wanted = _names.Length * Math.Min((int)upTo + 1, _metrics);
        for (var i = 0; i < wanted; i++)
        {
            var difference = reader.Nullable();
            _known[i] = difference is not null;
            _last[i] += difference ?? 0;
        }
    }
}
