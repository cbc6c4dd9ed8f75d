using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Blixard.Node.History;

/// <summary>
/// What is kept of each VM. The numbers are positions in stored records: new ones go to the end, with a new
/// <see cref="RecordFrame.Version"/>.
/// </summary>
internal enum HistoryMetric
{
    /// <summary>Percent of one CPU.</summary>
    Cpu = 0,

    /// <summary>Bytes of the host's memory.</summary>
    Memory,

    /// <summary>Bytes per second.</summary>
    DiskRead,

    /// <inheritdoc cref="DiskRead"/>
    DiskWrite,

    /// <summary>Bytes per second that the guest received.</summary>
    NetRx,

    /// <summary>Bytes per second that the guest sent.</summary>
    NetTx,

    /// <summary>Processes and threads.</summary>
    Pids,

    /// <summary>Percent of the last 10 s in which some task waited for a CPU (PSI).</summary>
    PressureCpu,

    /// <inheritdoc cref="PressureCpu"/>
    PressureMemory,

    /// <inheritdoc cref="PressureCpu"/>
    PressureIo,
}

/// <summary>Names, units and scales of the metrics.</summary>
internal static class HistoryMetrics
{
    /// <summary>Of a stored percent: hundredths.</summary>
    public const double PercentScale = 100;

    public static int Count { get; } = Enum.GetValues<HistoryMetric>().Length;

    /// <summary>As a query names them, in the order of their numbers.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<HistoryMetric>().Select(NameOf)];

    public static string NameOf(HistoryMetric metric) => metric switch
    {
        HistoryMetric.Cpu => "cpu",
        HistoryMetric.Memory => "memory",
        HistoryMetric.DiskRead => "disk_read",
        HistoryMetric.DiskWrite => "disk_write",
        HistoryMetric.NetRx => "net_rx",
        HistoryMetric.NetTx => "net_tx",
        HistoryMetric.Pids => "pids",
        HistoryMetric.PressureCpu => "pressure_cpu",
        HistoryMetric.PressureMemory => "pressure_memory",
        HistoryMetric.PressureIo => "pressure_io",
        _ => throw new UnreachableException(metric.ToString()),
    };

    public static bool TryParse(string name, [NotNullWhen(true)] out HistoryMetric? metric)
    {
        for (var i = 0; i < Count; i++)
        {
            if (Names[i] == name)
            {
                metric = (HistoryMetric)i;
                return true;
            }
        }

        metric = null;
        return false;
    }

    /// <summary>"percent", "bytes", "bytes/s" or "count".</summary>
    public static string UnitOf(HistoryMetric metric) => metric switch
    {
        HistoryMetric.Memory => "bytes",
        HistoryMetric.DiskRead or HistoryMetric.DiskWrite or HistoryMetric.NetRx or HistoryMetric.NetTx => "bytes/s",
        HistoryMetric.Pids => "count",
        _ => "percent",
    };

    /// <summary>Stored values are whole numbers: a percent is stored in hundredths.</summary>
    public static double ScaleOf(HistoryMetric metric) => UnitOf(metric) == "percent" ? PercentScale : 1;
}
