using Blixard.Client.Contracts;
using Blixard.Node.History;
using Blixard.Node.Metrics;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary><c>GET /status</c>: the daemon itself. Counts its uptime from its own making, at start.</summary>
internal sealed class LocalStatusReport(
    Replica replica,
    IAgentStatus agent,
    EventStreams streams,
    Removal removal,
    HistoryStore history,
    TimeProvider time)
{
    private const int ErrorsShown = 5;

    private readonly long _started = time.GetTimestamp();

    public LocalStatus Make(bool full)
    {
        var report = agent.Report();
        var heap = ManagedHeap.Now();
        return new LocalStatus
        {
            Pid = Environment.ProcessId,
            Uptime = (long)time.GetElapsedTime(_started).TotalSeconds,
            Memory = new LocalMemory
            {
                Rss = Environment.WorkingSet,
                HeapTotal = heap.Committed,
                HeapUsed = heap.Used,
            },
            State = removal.IsRemoved ? "removed" : !report.Started ? "starting" : report.Degraded ? "degraded" : "running",
            Status = report.Queue.Working > 0 ? "working" : "idle",
            NumVms = replica.State.Vms.Count,
            Queue = report.Queue,
            LastRefresh = report.LastRefresh,
            RefreshErrors = [.. report.RefreshErrors.TakeLast(ErrorsShown)],
            Misses = report.Misses,
            History = Of(history.Status),
            EventListeners = streams.Listeners,
            RefreshLog = full ? report.RefreshLog : null,
            Watchers = full ? report.Watchers : null,
        };
    }

    private static LocalHistory? Of(HistoryStatus status) => !status.Enabled ? null : new()
    {
        State = status.PausedBecause is null ? "recording" : "paused",
        Reason = status.PausedBecause,
        Oldest = status.Oldest,
        Newest = status.Newest,
        Bytes = status.Bytes,
        SetAside = status.SetAside,
        SetAsideReason = status.SetAsideBecause,
    };
}
