using System.Diagnostics;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// Writes what the core wants durable, on a thread of its own because it blocks. All batches that came while one sync
/// was going on share the next (group commit), so the busier the member, the fewer syncs per entry.
/// </summary>
internal sealed partial class PersistWorker(
    WriteAheadLog log,
    IRaftTransport transport,
    Action<HostEvent> post,
    RaftMetrics metrics,
    StorageWatch space,
    ILogger logger)
{
    // How often the free space is looked at: at most, by a busy member, and at least, by one that is idle.
    private static readonly TimeSpan CheckSpaceAtMost = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CheckSpaceAtLeast = TimeSpan.FromSeconds(10);


    // Long enough not to cost a busy member anything.
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan NoSpaceRetry = TimeSpan.FromMilliseconds(500);

    private readonly WorkQueue<Work> _work = new();
    private readonly TaskCompletionSource _completed = new();
    private readonly List<Message> _sending = [];
    private bool _marked = true;
    private long _spaceChecked;

    public void Persist(Ready ready) => _work.Add(new(ready, null, 0));

    /// <summary>A snapshot is durable: mark it in the log and drop what lies behind.</summary>
    public void Compact(SnapshotMeta snapshot, ulong through) => _work.Add(new(null, snapshot, through));

    /// <summary>The core says that all that was lost to a damaged disk is made good.</summary>
    public void EndRepair() => _work.Add(new(null, null, 0));

    /// <summary>Runs until <see cref="Complete"/>; throws what the disk throws.</summary>
    public Task RunAsync() => Task.Factory.StartNew(
        Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Complete()
    {
        _work.Complete();
        _completed.TrySetResult();
    }

    private void Run()
    {
        var together = new List<Ready>();
        var taken = new List<Work>();
        CheckSpace();
        while (WaitForWork(taken))
        {
            foreach (var work in taken)
            {
                if (work.Ready is { } ready)
                {
                    together.Add(ready);
                }
                else if (work.Snapshot is null)
                {
                    Persist(together);
                    log.EndRepair();
                }
                else
                {
                    Persist(together);
                    log.Append(new() { Snapshot = work.Snapshot });
                    Sync();
                    log.Compact(work.Through);
                }
            }

            Persist(together);
            if (Stopwatch.GetElapsedTime(_spaceChecked) >= CheckSpaceAtMost)
            {
                CheckSpace();
            }
        }

        Mark();
    }

    /// <summary>Tells the loop, and while little is left, tries to have the reserve again.</summary>
    private void CheckSpace()
    {
        _spaceChecked = Stopwatch.GetTimestamp();
        if (space.IsLow || !log.ReserveIsWhole)
        {
            log.RestoreReserve();
        }

        var free = log.FreeBytes;
        if (space.Observe(free, log.ReserveIsWhole))
        {
            LogSpace(space.IsLow ? LogLevel.Error : LogLevel.Information, free, space.IsLow ? "low" : "enough again");
        }

        post(new SpaceChecked(free, space.IsLow));
    }

    private void Mark()
    {
        try
        {
            log.MarkDurable();
            _marked = true;
        }
        catch (NoSpaceException)
        {
            // Only the proof is missing; the batch itself is durable. The next write says that the disk is full.
        }
    }

    /// <summary>Blocks; once nothing came for a while, marks the last batch as acknowledged.</summary>
    private bool WaitForWork(List<Work> taken)
    {
        if (!_marked && !_work.Wait(IdleAfter))
        {
            Mark();
        }

        while (!_work.Wait(space.IsLow ? CheckSpaceAtMost : CheckSpaceAtLeast))
        {
            CheckSpace();
        }

        return _work.Take(taken);
    }

    private void Persist(List<Ready> together)
    {
        if (together.Count == 0)
        {
            return;
        }

        var mustSync = false;
        foreach (var ready in together)
        {
            if (ready.MustPersist)
            {
                log.Append(WalBatch.Of(ready));
                mustSync = true;
            }
        }

        if (mustSync)
        {
            var started = Stopwatch.GetTimestamp();
            Sync();
            metrics.Synced(Stopwatch.GetElapsedTime(started));
        }

        // Persist before replying: Figure 2. Only now may votes and acknowledgements leave.
        foreach (var ready in together)
        {
            _sending.AddRange(ready.AfterDurable);
        }

        transport.Send(_sending);
        _sending.Clear();

        post(new BatchPersisted(together[^1].Batch));
        together.Clear();
    }

    /// <summary>
    /// On a full disk nothing is lost and nothing acknowledged: the core sees a disk that does not answer, gives up
    /// leadership, and goes on when there is space.
    /// </summary>
    private void Sync()
    {
        for (var told = false; ; told = true)
        {
            try
            {
                log.Sync();
                _marked = false;
                return;
            }
            catch (NoSpaceException e) when (!_completed.Task.IsCompleted)
            {
                if (!told)
                {
                    LogNoSpace(e);
                }

                CheckSpace();

                _completed.Task.Wait(NoSpaceRetry);
            }
        }
    }

    [LoggerMessage("The space for the log is {Space}: {FreeBytes} bytes are free")]
    private partial void LogSpace(LogLevel level, long freeBytes, string space);

    [LoggerMessage(LogLevel.Error, "The disk is full: nothing more is acknowledged until there is space")]
    private partial void LogNoSpace(Exception exception);

    private readonly record struct Work(Ready? Ready, SnapshotMeta? Snapshot, ulong Through);
}
