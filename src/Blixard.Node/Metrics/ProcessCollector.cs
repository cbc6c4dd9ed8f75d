using System.Diagnostics;
using System.Globalization;

namespace Blixard.Node.Metrics;

/// <summary>
/// This process, under the names that all Prometheus clients use, and what .NET's runtime does in it.
/// </summary>
internal sealed class ProcessCollector : ICollector
{
    public void Collect(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Counter("process_cpu_seconds_total", "User and system CPU time used.")
            .Add(process.TotalProcessorTime.TotalSeconds);
        text.Gauge("process_resident_memory_bytes", "Resident memory size.").Add(process.WorkingSet64);
        text.Gauge("process_virtual_memory_bytes", "Virtual memory size.").Add(process.VirtualMemorySize64);
        text.Gauge("process_start_time_seconds", "Start time of the process since the Unix epoch.")
            .Add((process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        text.Gauge("process_threads", "Operating system threads.").Add(process.Threads.Count);
        text.Gauge("process_open_fds", "Open file descriptors.").AddIfKnown(OpenFiles());
        text.Gauge("process_max_fds", "Most file descriptors that may be open.").AddIfKnown(MaxFiles());

        var collections = text.Counter("dotnet_gc_collections_total", "Garbage collections of this generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            // The runtime counts a collection for the younger generations too.
            var older = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            collections.Add(
                GC.CollectionCount(generation) - older,
                new Label("generation", generation.ToString(CultureInfo.InvariantCulture)));
        }

        text.Counter("dotnet_gc_pause_seconds_total", "Time that garbage collections stopped the process.")
            .Add(GC.GetTotalPauseDuration().TotalSeconds);
        text.Gauge("dotnet_gc_heap_bytes", "Garbage-collected heap in use after the last collection.")
            .Add(ManagedHeap.Now().Used);
        text.Gauge("dotnet_thread_pool_queue_length", "Work items that wait for a thread.")
            .Add(ThreadPool.PendingWorkItemCount);
    }

    private static double? OpenFiles()
    {
        try
        {
            return Directory.GetFileSystemEntries("/proc/self/fd").Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The soft limit of proc_pid_limits(5).</summary>
    private static double? MaxFiles()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits")
                .FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            var soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(3);
            return double.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
