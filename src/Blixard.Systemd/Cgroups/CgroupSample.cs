namespace Blixard.Systemd.Cgroups;

/// <summary>
/// One reading of a cgroup. What the kernel does not offer here (no controller, an older kernel, PSI off) is null,
/// never 0.
/// </summary>
/// <param name="Timestamp">Of the reader's TimeProvider: compare by <c>GetElapsedTime</c>.</param>
/// <param name="MemoryMax">Bytes; null also where there is no limit ("max").</param>
/// <param name="PidsMax">Null also where there is no limit.</param>
public readonly record struct CgroupSample(
    long Timestamp,
    CpuUsage? Cpu,
    ulong? MemoryCurrent,
    ulong? MemoryMax,
    ulong? MemorySwapCurrent,
    IoUsage? Io,
    ulong? PidsCurrent,
    ulong? PidsMax,
    Pressure? CpuPressure,
    Pressure? MemoryPressure,
    Pressure? IoPressure);

/// <summary>cpu.stat: microseconds since the cgroup was made.</summary>
public readonly record struct CpuUsage(ulong UsageMicroseconds, ulong UserMicroseconds, ulong SystemMicroseconds);

/// <summary>io.stat, summed over all devices, since the cgroup was made.</summary>
public readonly record struct IoUsage(ulong ReadBytes, ulong WriteBytes, ulong ReadOperations, ulong WriteOperations);

/// <summary>A pressure file (PSI, Documentation/accounting/psi.rst).</summary>
/// <param name="Full">Null on kernels whose cpu.pressure has no such line (before 5.13).</param>
public readonly record struct Pressure(PressureLine Some, PressureLine? Full);

/// <summary>Percent of time that tasks stalled, over the last 10, 60 and 300 seconds, and the total.</summary>
public readonly record struct PressureLine(double Avg10, double Avg60, double Avg300, ulong TotalMicroseconds);
