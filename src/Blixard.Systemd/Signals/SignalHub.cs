using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Signals;

/// <summary>
/// Runs one life of the signal connection on the calling thread; see <see cref="SignalSession.Run"/>.
/// </summary>
internal delegate void RunSignalSession(ISignalSink sink, Waker waker, CancellationToken cancellationToken);

/// <summary>
/// Keeps the signal connection alive, session after session, and passes on what it hears. Starts with the first
/// listener. A listener that joins later first hears how things stand, then misses nothing.
/// </summary>
internal sealed class SignalHub(RunSignalSession session, RetryDelay retryDelay, TimeProvider time)
    : ISignalSink, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ISignalListener> _listeners = [];
    private readonly CancellationTokenSource _stop = new();
    private Task? _run;
    private bool _connected;
    private bool _wasConnected;
    private bool _closed;
    private bool _disposed;
    private Disconnection? _disconnection;

    public void Add(ISignalListener listener)
    {
        lock (_lock)
        {
            if (_closed)
            {
                listener.OnClosed(null);
                return;
            }

            _listeners.Add(listener);
            if (_connected)
            {
                listener.OnConnected(again: false);
            }
            else if (_disconnection is { } lost)
            {
                listener.OnDisconnected(lost.Reason, lost.RetryIn);
            }

            _run ??= Task.Run(RunAsync);
        }
    }

    public void Remove(ISignalListener listener)
    {
        lock (_lock)
        {
            _listeners.Remove(listener);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? run;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            run = _run;
            _closed = true;
            _disposed = true;
        }

        await _stop.CancelAsync();
        if (run is not null)
        {
            await run;
        }

        Close(null);
        _stop.Dispose();
    }

    void ISignalSink.Connected()
    {
        lock (_lock)
        {
            _connected = true;
            _disconnection = null;
            foreach (var listener in _listeners)
            {
                listener.OnConnected(_wasConnected);
            }

            _wasConnected = true;
        }
    }

    bool ISignalSink.Wants(string unit)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                if (listener.Wants(unit))
                {
                    return true;
                }
            }

            return false;
        }
    }

    void ISignalSink.Received(ManagerSignal signal)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                listener.OnSignal(signal);
            }
        }
    }

    private async Task RunAsync()
    {
        using var waker = new Waker();
        await using var wake = _stop.Token.Register(waker.Set);
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var reason = await Task.Factory.StartNew(
                    () => Attempt(waker),
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default);
                if (reason is null)
                {
                    return;
                }

                await Task.Delay(Lost(reason), time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Closed while waiting for the next attempt.
        }
        catch (Exception bug)
        {
            // Nobody awaits this task before the end: who listens must hear of it now.
            Close(bug);
        }
    }

    /// <summary>Why the session ended; null if it was told to.</summary>
    private string? Attempt(Waker waker)
    {
        try
        {
            session(this, waker, _stop.Token);
            return null;
        }
        catch (Exception e) when (e is SystemdUnavailableException or BusCallException)
        {
            return e.Message;
        }
    }

    private TimeSpan Lost(string reason)
    {
        lock (_lock)
        {
            if (_connected)
            {
                retryDelay.Reset();
            }

            _connected = false;
            _disconnection = new(reason, retryDelay.Next());
            foreach (var listener in _listeners)
            {
                listener.OnDisconnected(reason, _disconnection.RetryIn);
            }

            return _disconnection.RetryIn;
        }
    }

    private void Close(Exception? bug)
    {
        lock (_lock)
        {
            _closed = true;
            _connected = false;
            foreach (var listener in _listeners)
            {
                listener.OnClosed(bug);
            }

            _listeners.Clear();
        }
    }

    private sealed record Disconnection(string Reason, TimeSpan RetryIn);
}
