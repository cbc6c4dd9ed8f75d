namespace Blixard.Systemd.Signals;

/// <summary>
/// Waits for the ends of jobs. A job may end before the call that made it has returned its path, on another
/// connection: so waiting begins before the call.
/// </summary>
internal sealed class JobTracker(SignalHub hub, TimeProvider time)
{
    /// <summary>Begins to listen; returns once signals arrive.</summary>
    /// <exception cref="SystemdUnavailableException">Signals cannot be had within the timeout.</exception>
    public async Task<JobWait> ListenAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var wait = new JobWait(hub, time);
        hub.Add(wait);
        try
        {
            await wait.Connected.WaitAsync(timeout, time, cancellationToken);
            return wait;
        }
        catch (TimeoutException)
        {
            wait.Dispose();
            var reason = wait.LastReason ?? "still connecting";
            throw new SystemdUnavailableException(
                $"No signals from systemd within {timeout.TotalSeconds:0.#} s: {reason}.");
        }
        catch
        {
            wait.Dispose();
            throw;
        }
    }
}

/// <summary>One job's end.</summary>
internal sealed class JobWait(SignalHub hub, TimeProvider time) : ISignalListener, IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, string>? _early = new(StringComparer.Ordinal);
    private string? _job;

    public Task Connected => _connected.Task;

    public string? LastReason { get; private set; }

    /// <returns>The job's result: done, failed, canceled, timeout, dependency, skipped...</returns>
    /// <exception cref="TimeoutException">The job has not ended in time.</exception>
    /// <exception cref="SystemdUnavailableException">The connection broke meanwhile: the outcome is not
    /// known.</exception>
    public async Task<string> EndOfAsync(string job, TimeSpan timeout, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _job = job;
            if (_early!.TryGetValue(job, out var result))
            {
                return result;
            }

            _early = null;
        }

        return await _ended.Task.WaitAsync(timeout, time, cancellationToken);
    }

    public bool Wants(string unit) => false;

    public void OnConnected(bool again) => _connected.TrySetResult();

    public void OnDisconnected(string reason, TimeSpan retryIn)
    {
        LastReason = reason;
        if (_connected.Task.IsCompleted)
        {
            Fail(_ended, new(
                $"The connection broke while a job was running; how it ended is not known: {reason}"));
        }
    }

    public void OnSignal(ManagerSignal signal)
    {
        if (signal is not JobRemovedSignal removed)
        {
            return;
        }

        lock (_lock)
        {
            if (_job is null)
            {
                _early![removed.Job] = removed.Result;
            }
            else if (_job == removed.Job)
            {
                _ended.TrySetResult(removed.Result);
            }
        }
    }

    public void OnClosed(Exception? bug)
    {
        var closed = new SystemdUnavailableException("The connection to systemd was closed by this process.", bug);
        Fail(_connected, closed);
        Fail(_ended, closed);
    }

    public void Dispose() => hub.Remove(this);

    private static void Fail(TaskCompletionSource source, SystemdUnavailableException reason)
    {
        source.TrySetException(reason);
        _ = source.Task.Exception;
    }

    // Read at once, as nobody may be waiting: a job whose wait was given up needs no answer.
    private static void Fail(TaskCompletionSource<string> source, SystemdUnavailableException reason)
    {
        source.TrySetException(reason);
        _ = source.Task.Exception;
    }
}
