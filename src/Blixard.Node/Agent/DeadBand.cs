using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;

namespace Blixard.Node.Agent;

/// <summary>
/// Which movement of a figure is worth a log entry. The full figures stay on this node; the replicated ones are for an
/// overview: each is within its band of the truth.
/// </summary>
/// <param name="CpuPercent">Of one CPU; points of pressure too.</param>
/// <param name="Bytes">Of memory, swap, and what disk and network have carried.</param>
internal sealed record DeadBand(int CpuPercent, long Bytes)
{
    // Of processes, and of operations or packets per second.
    private const double Pids = 8;
    private const double PerSecond = 1000;

    // A rate counts as moved where it is another order than it was: by half, and by more than a sixteenth of Bytes.
    private const double OfRate = 0.5;
    private const double OfCount = 0.1;

    /// <summary>Has a figure moved out of the band around what was reported? One that appears or vanishes has.</summary>
    public bool IsLeft(AgentVm reported, AgentVm now) =>
        reported.MemoryLimit?.Bytes != now.MemoryLimit?.Bytes
        || (!ReferenceEquals(reported.Sample, now.Sample) && IsLeft(reported.Sample, now.Sample));

    private bool IsLeft(VmSample? reported, VmSample? now) => reported is null || now is null
        ? !ReferenceEquals(reported, now)
        : Moved(reported.CpuPercent, now.CpuPercent, CpuPercent)
            || IsLeft(reported.Cgroup, now.Cgroup)
            || IsLeft(reported.Network, now.Network)
            || IsLeft(reported.IoRates, now.IoRates)
            || IsLeft(reported.NetworkRates, now.NetworkRates);

    private bool IsLeft(in CgroupSample was, in CgroupSample now) =>
        Moved(was.MemoryCurrent, now.MemoryCurrent, Bytes)
        || Moved(was.MemorySwapCurrent, now.MemorySwapCurrent, Bytes)
        || Moved(was.Io?.ReadBytes, now.Io?.ReadBytes, Bytes)
        || Moved(was.Io?.WriteBytes, now.Io?.WriteBytes, Bytes)
        || Moved(was.PidsCurrent, now.PidsCurrent, Pids, OfCount)
        || Moved(was.PidsMax, now.PidsMax, 0)
        || IsLeft(was.CpuPressure, now.CpuPressure)
        || IsLeft(was.MemoryPressure, now.MemoryPressure)
        || IsLeft(was.IoPressure, now.IoPressure);

    private bool IsLeft(Pressure? was, Pressure? now) =>
        Moved(was?.Some.Avg10, now?.Some.Avg10, CpuPercent) || Moved(was?.Full?.Avg10, now?.Full?.Avg10, CpuPercent);

    private bool IsLeft(NetworkCounters? was, NetworkCounters? now) =>
        Moved(was?.ReceivedBytes, now?.ReceivedBytes, Bytes)
        || Moved(was?.SentBytes, now?.SentBytes, Bytes)

        // The first is news; of many, more of the same is not.
        || Moved(was?.ReceiveErrors, now?.ReceiveErrors, 0, OfCount)
        || Moved(was?.SendErrors, now?.SendErrors, 0, OfCount)
        || Moved(was?.ReceiveDropped, now?.ReceiveDropped, 0, OfCount)
        || Moved(was?.SendDropped, now?.SendDropped, 0, OfCount);

    private bool IsLeft(IoRates? was, IoRates? now) =>
        Moved(was?.ReadBytes, now?.ReadBytes, Bytes / 16.0, OfRate)
        || Moved(was?.WriteBytes, now?.WriteBytes, Bytes / 16.0, OfRate)
        || Moved(was?.ReadOperations, now?.ReadOperations, PerSecond, OfRate)
        || Moved(was?.WriteOperations, now?.WriteOperations, PerSecond, OfRate);

    private bool IsLeft(NetworkRates? was, NetworkRates? now) =>
        Moved(was?.ReceivedBytes, now?.ReceivedBytes, Bytes / 16.0, OfRate)
        || Moved(was?.SentBytes, now?.SentBytes, Bytes / 16.0, OfRate)
        || Moved(was?.ReceivedPackets, now?.ReceivedPackets, PerSecond, OfRate)
        || Moved(was?.SentPackets, now?.SentPackets, PerSecond, OfRate);

    /// <param name="band">The least.</param>
    /// <param name="share">Of what was reported; the wider of the two is the band.</param>
    private static bool Moved(double? was, double? now, double band, double share = 0) =>
        was is { } before && now is { } after
            ? Math.Abs(after - before) > Math.Max(band, before * share)
            : was is null != now is null;
}
