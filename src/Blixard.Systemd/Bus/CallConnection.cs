using System.Diagnostics;

namespace Blixard.Systemd.Bus;

/// <summary>
/// The connection for method calls, on a thread of its own: calls run one after the other, in order. It opens when the
/// first call needs it, and again after it broke. A broken connection is noticed before the next call is sent, so no
/// call is ever sent twice.
/// </summary>
internal sealed class CallConnection : IAsyncDisposable
{
    private readonly BusAddress _address;
    private readonly TimeSpan _timeout;
    private readonly Lock _lock = new();
    private readonly Queue<PendingCall> _queue = [];
    private readonly Waker _waker = new();
    private readonly Task _thread;
    private bool _closed;

    // Only the thread touches these.
    private BusConnection? _connection;
    private long _failedAt;
    private string _failure = "";

    public CallConnection(BusAddress address, TimeSpan timeout)
    {
        _address = address;
        _timeout = timeout;
        _thread = Task.Factory.StartNew(
            Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <param name="call">Runs on the connection's thread and must not keep the connection.</param>
    /// <param name="cancellationToken">Ends the waiting; a call that was sent is not taken back.</param>
    /// <exception cref="SystemdUnavailableException">The bus cannot be reached or does not answer.</exception>
    public Task<T> RunAsync<T>(Func<BusConnection, T> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new PendingCall<T>(call, cancellationToken);
        lock (_lock)
        {
            if (_closed)
            {
                throw Closed();
            }

            _queue.Enqueue(pending);
        }

        _waker.Set();
        return pending.Completion.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closed = true;
        }

        _waker.Set();
        await _thread;
        _waker.Dispose();
    }

    private static SystemdUnavailableException Closed() => new("The connection to systemd was closed by this process.");

    private void Run()
    {
        try
        {
            Loop();
        }
        catch (Exception bug)
        {
            // Nobody awaits the thread before the end: who waits for an answer must hear of it now.
            FailAll(bug);
            throw;
        }
        finally
        {
            Drop();
        }
    }

    private void Loop()
    {
        while (true)
        {
            // Before the queue is looked at: what comes later wakes us again.
            _waker.Reset();
            while (Next(out var closed) is { } call)
            {
                Execute(call, closed);
            }

            lock (_lock)
            {
                if (_closed && _queue.Count == 0)
                {
                    return;
                }
            }

            Idle();
        }
    }

    private void FailAll(Exception bug)
    {
        lock (_lock)
        {
            _closed = true;
        }

        while (Next(out _) is { } call)
        {
            call.Fail(new SystemdUnavailableException("The connection to systemd ended by a bug.", bug));
        }
    }

    private PendingCall? Next(out bool closed)
    {
        lock (_lock)
        {
            closed = _closed;
            return _queue.TryDequeue(out var call) ? call : null;
        }
    }

    private void Execute(PendingCall call, bool closed)
    {
        if (closed)
        {
            call.Fail(Closed());
            return;
        }

        if (call.IsCancelled)
        {
            return;
        }

        // Whoever waited while another call found the bus dead gets the same answer, instead of a timeout each in turn.
        if (call.QueuedAt < _failedAt)
        {
            call.Fail(new SystemdUnavailableException(_failure));
            return;
        }

        try
        {
            DrainOrDrop();
            _connection ??= BusConnection.Open(_address, _timeout);
            call.Run(_connection);
        }
        catch (SystemdUnavailableException e)
        {
            Drop();
            _failedAt = Stopwatch.GetTimestamp();
            _failure = e.Message;
            call.Fail(e);
        }
        catch (Exception e)
        {
            // The exception belongs to whoever asked.
            call.Fail(e);
        }
    }

    /// <summary>Signals reach this connection too; unread, they would pile up in systemd.</summary>
    private void Idle()
    {
        if (_connection is null)
        {
            _waker.Wait(-1, 0, -1);
            return;
        }

        try
        {
            _connection.Wait(_waker, Timeout.InfiniteTimeSpan);
        }
        catch (SystemdUnavailableException)
        {
            // The next call opens anew, and tells its caller if that fails.
            Drop();
        }

        DrainOrDrop();
    }

    private void DrainOrDrop()
    {
        try
        {
            while (_connection is not null && _connection.Process(out var message))
            {
                message?.Dispose();
            }
        }
        catch (SystemdUnavailableException)
        {
            // As above.
            Drop();
        }
    }

    private void Drop()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private abstract class PendingCall
    {
        public long QueuedAt { get; } = Stopwatch.GetTimestamp();

        public abstract bool IsCancelled { get; }

        public abstract void Run(BusConnection connection);

        public abstract void Fail(Exception reason);
    }

    private sealed class PendingCall<T>(Func<BusConnection, T> call, CancellationToken cancellationToken) : PendingCall
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Completion => _completion.Task;

        public override bool IsCancelled => cancellationToken.IsCancellationRequested;

        public override void Run(BusConnection connection) => _completion.SetResult(call(connection));

        public override void Fail(Exception reason) => _completion.SetException(reason);
    }
}
