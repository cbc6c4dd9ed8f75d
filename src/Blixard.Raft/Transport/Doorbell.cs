using System.Threading.Tasks.Sources;

namespace Blixard.Raft.Transport;

/// <summary>
/// Wakes one loop that waits, on the thread of whoever rings: what the loop then does until it waits again, it does
/// there. So only for loops that never block, and for callers that hold no lock.
/// </summary>
internal sealed class Doorbell : IValueTaskSource
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _waiting;
    private bool _rung;
    private bool _waits;

    /// <summary>Any thread. While the loop is awake, it will not sleep before it has looked once more.</summary>
    public void Ring()
    {
        lock (_gate)
        {
            if (!_waits)
            {
                _rung = true;
                return;
            }

            _waits = false;
        }

        _waiting.SetResult(true);
    }

    /// <summary>
    /// Completes at the next <see cref="Ring"/>, or at once if there was one since the last. One caller at a time.
    /// </summary>
    public ValueTask WaitAsync()
    {
        lock (_gate)
        {
            if (_rung)
            {
                _rung = false;
                return ValueTask.CompletedTask;
            }

            _waiting.Reset();
            _waits = true;
            return new(this, _waiting.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => _waiting.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _waiting.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiting.OnCompleted(continuation, state, token, flags);
}
