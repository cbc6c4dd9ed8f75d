using System.Threading.Tasks.Sources;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Replication;

/// <summary>
/// A numbered command that is out, and the one caller that waits for it. <paramref name="acknowledgedBelow"/> is fixed
/// with the number: a proposal that is repeated must be the same bytes.
/// </summary>
internal sealed class PendingProposal(
    ProposalSession session, ulong sequence, ulong acknowledgedBelow, TimeProvider time)
    : IProposalAnswer, IValueTaskSource, IDisposable
{
    /// <summary>Whoever was refused for the load asks again after this.</summary>
    public static readonly TimeSpan OverloadPause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private ITimer? _timer;
    private CommandResult? _result;
    private ProposeStatus? _handed;
    private int _copies;
    private bool _woken;
    private bool _sleeps;

    // Completed by the session's queue alone: the apply loop and the engine's must not run the code of whoever waits.
    private ManualResetValueTaskSourceCore<bool> _sleep;

    public ulong ClientId => session.Id;

    public ulong Sequence { get; } = sequence;

    public ulong AcknowledgedBelow { get; } = acknowledgedBelow;

    /// <summary>What it came to, once it was applied here.</summary>
    public CommandResult? Result => Volatile.Read(ref _result);

    /// <summary>What the engine said of the last attempt; null: nothing yet, so it may have been taken.</summary>
    public ProposeStatus? LastAnswer
    {
        get
        {
            lock (_gate)
            {
                return _handed;
            }
        }
    }

    /// <summary>
    /// Some attempt was appended or forwarded, or may have been without our knowing, and was not refused since.
    /// </summary>
    public bool MayBeTaken
    {
        get
        {
            lock (_gate)
            {
                return _copies > 0 || _handed is null;
            }
        }
    }

    /// <summary>Before it is handed to the engine.</summary>
    /// <param name="patience">After this long whoever sleeps wakes up, whatever happens.</param>
    public void Begin(TimeSpan patience)
    {
        lock (_gate)
        {
            _handed = null;
            if (_timer is null)
            {
                _timer = time.CreateTimer(
                    static self => ((PendingProposal)self!).Wake(), this, patience, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _timer.Change(patience, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Handed(ProposeResult result)
    {
        lock (_gate)
        {
            _handed = result.Status;
            _copies += result.Status is ProposeStatus.Appended or ProposeStatus.Forwarded ? 1 : 0;
            WakeSoonAfter(result.Status);
        }
    }

    /// <inheritdoc/>
    public void Refused(ProposeStatus status)
    {
        lock (_gate)
        {
            // One copy of perhaps several: only when none is left is it known that nothing was appended.
            _copies--;
            _handed = status;
            WakeSoonAfter(status);
        }
    }

    private void WakeSoonAfter(ProposeStatus status)
    {
        if (status is ProposeStatus.Overloaded or ProposeStatus.NoSpace or ProposeStatus.TooLarge)
        {
            _timer?.Change(OverloadPause, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Completes at the next <see cref="Wake"/>, or at once if there was one since the last. One caller.</summary>
    public ValueTask SleepAsync()
    {
        lock (_gate)
        {
            if (_woken)
            {
                _woken = false;
                return ValueTask.CompletedTask;
            }

            _sleep.Reset();
            _sleeps = true;
            return new(this, _sleep.Version);
        }
    }

    /// <summary>Whoever waits is to look around: any thread, for any reason.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (!_sleeps)
            {
                _woken = true;
                return;
            }

            _sleeps = false;
        }

        session.Wakes.Add(this);
    }

    /// <summary>Called by <see cref="WakeQueue"/>: runs what whoever slept does next.</summary>
    internal void GoOn() => _sleep.SetResult(true);

    public void Dispose()
    {
        session.GiveUp(Sequence);
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    internal void SetResult(CommandResult result)
    {
        Volatile.Write(ref _result, result);
        Wake();
    }

    void IValueTaskSource.GetResult(short token) => _sleep.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _sleep.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _sleep.OnCompleted(continuation, state, token, flags);
}
