namespace Blixard.Raft.Host;

/// <summary>
/// What waits for a thread of its own, which takes all of it at once. The thread sleeps at once when there is nothing:
/// a queue of tasks would spin first and then be woken by way of the thread pool.
/// </summary>
internal sealed class WorkQueue<T>
{
    // A monitor, for Wait and Pulse.
    private readonly object _gate = new();
    private List<T> _waiting = [];
    private bool _completed;

    /// <summary>Does nothing once the queue is completed.</summary>
    public void Add(T work)
    {
        lock (_gate)
        {
            if (_completed)
            {
                return;
            }

            _waiting.Add(work);
            if (_waiting.Count == 1)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>What waits is still taken.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>False: nothing came for this long, and the queue is not completed.</summary>
    public bool Wait(TimeSpan atMost)
    {
        lock (_gate)
        {
            return _waiting.Count > 0 || _completed || Monitor.Wait(_gate, atMost);
        }
    }

    /// <summary>
    /// Replaces the content of <paramref name="taken"/> by what came, waiting for it. False: nothing more will come.
    /// </summary>
    public bool Take(List<T> taken)
    {
        taken.Clear();
        lock (_gate)
        {
            while (_waiting.Count == 0 && !_completed)
            {
                Monitor.Wait(_gate);
            }

            taken.AddRange(_waiting);
            _waiting.Clear();
            return taken.Count > 0;
        }
    }
}
