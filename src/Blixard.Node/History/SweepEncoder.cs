using System.IO.Compression;

namespace Blixard.Node.History;

/// <summary>
/// Sweeps as bytes, one record each. A column per metric, in it a number per VM: the difference to the sweep before, or in
/// the first of a run the value; 0 is "not known". Most are the same small numbers, so the whole is compressed (Brotli). A
/// run has at most <see cref="RunLength"/> sweeps, all of the same VMs.
/// </summary>
internal sealed class SweepEncoder
{
    /// <summary>A reader decodes a whole run to read one of its sweeps.</summary>
    public const int RunLength = 12;

    private const int Quality = 3;
    private const int WindowBits = 18;

    private readonly VarintWriter _plain = new();
    private string[] _names = [];
    private long[] _last = [];
    private int _inRun = RunLength;

    /// <summary>The next sweep begins a run: what was encoded before it may not be there for a reader.</summary>
    public void BeginRun() => _inRun = RunLength;

    public byte[] Encode(Sweep sweep)
    {
        var first = _inRun >= RunLength || !sweep.Vms.Keys.SequenceEqual(_names, StringComparer.Ordinal);
        _inRun = first ? 1 : _inRun + 1;
        _plain.Clear();
        if (first)
        {
            _names = [.. sweep.Vms.Keys];
            _last = new long[_names.Length * HistoryMetrics.Count];
            _plain.Unsigned((ulong)_names.Length);
            _plain.Unsigned((ulong)HistoryMetrics.Count);
            Array.ForEach(_names, _plain.Text);
        }

        WriteColumns([.. sweep.Vms.Values]);
        return RecordFrame.Seal(first ? RecordKind.First : RecordKind.Next, sweep.At, Pack(_plain.Written));
    }

    private void WriteColumns(VmFigures[] vms)
    {
        for (var metric = 0; metric < HistoryMetrics.Count; metric++)
        {
            for (var vm = 0; vm < vms.Length; vm++)
            {
                ref var last = ref _last[(metric * vms.Length) + vm];
                var value = vms[vm][(HistoryMetric)metric];
                _plain.Nullable(value - last);
                last = value ?? last;
            }
        }
    }

    private static ReadOnlySpan<byte> Pack(ReadOnlySpan<byte> plain)
    {
        var head = new VarintWriter();
        head.Unsigned((ulong)plain.Length);
        var packed = new byte[head.Written.Length + BrotliEncoder.GetMaxCompressedLength(plain.Length)];
        head.Written.CopyTo(packed);
        return BrotliEncoder.TryCompress(plain, packed.AsSpan(head.Written.Length), out var written, Quality, WindowBits)
            ? packed.AsSpan(0, head.Written.Length + written)
            : throw new System.Diagnostics.UnreachableException("Brotli needs more than its own bound");
    }
}
