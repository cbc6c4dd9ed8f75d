using System.Collections.Concurrent;

namespace Blixard.Raft.Transport;

/// <summary>Tasks that come and go, all of which must have ended before their owner may. Safe for many threads.</summary>
internal sealed class RunningTasks
{
    private readonly ConcurrentDictionary<Task, bool> _running = [];

    public void Add(Task task)
    {
        _running.TryAdd(task, true);
        _ = task.ContinueWith(
            done =>
            {
                // One that failed stays, for the owner to see.
                if (!done.IsFaulted)
                {
                    _running.TryRemove(done, out _);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Ends with those that run now; throws what any has thrown.</summary>
    public Task WhenAll() => Task.WhenAll(_running.Keys);
}
