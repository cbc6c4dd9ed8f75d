using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// One open session of this node: numbers its commands, remembers who waits for which, and knows below which sequence
/// every answer is in. The numbers that may be out at once are bounded, so that the results which the cluster keeps for
/// the session stay within its bound: while sequence s is out, all that is kept lies less than one window around s.
/// </summary>
/// <param name="id">The log index of its OpenSession.</param>
/// <param name="window">Sequences from the lowest that is out to the highest.</param>
/// <param name="time">By which those that wait measure their patience.</param>
internal sealed class ProposalSession(ulong id, int window, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Pulse _room = new();
    private readonly Dictionary<ulong, PendingProposal> _pending = [];
    private int _waitingForRoom;
    private bool _retired;
    private ulong _lowest = 1;
    private ulong _next = 1;

    public ulong Id { get; } = id;

    /// <summary>By which those that wait are woken.</summary>
    internal WakeQueue Wakes { get; } = new();

    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>
    /// The next number, as soon as there is room for it in the window. Disposing it gives the number up. Null: there will
    /// be none, the session is retired.
    /// </summary>
    public async Task<PendingProposal?> AddAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waitingForRoom);
        try
        {
            while (true)
            {
                var room = _room.Next;
                if (TryAdd() is { } pending)
                {
                    return pending;
                }

                lock (_gate)
                {
                    if (_retired)
                    {
                        return null;
                    }
                }

                await room.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waitingForRoom);
        }
    }

    /// <summary>
    /// Gives no further number, so nothing acknowledges what is still out or was given up: its results are kept.
    /// </summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
        }

        _room.Fire();
    }

    /// <summary>The command of this sequence was applied here; unknown sequences were given up.</summary>
    public void Complete(ulong sequence, CommandResult result) => Remove(sequence)?.SetResult(result);

    /// <summary>What was applied while nobody here saw it is in the session's results.</summary>
    public void CompleteFrom(ClusterState restored)
    {
        if (!restored.Sessions.All.TryGetValue(Id, out var session))
        {
            return;
        }

        foreach (var (sequence, result) in session.Results)
        {
            Complete(sequence, result);
        }
    }

    /// <summary>Whoever waits looks around: the leader is another one.</summary>
    public void WakeAll()
    {
        lock (_gate)
        {
            foreach (var pending in _pending.Values)
            {
                pending.Wake();
            }
        }
    }

    internal void GiveUp(ulong sequence) => Remove(sequence);

    /// <summary>The next number; null: there is no room for it now, or the session is retired.</summary>
    public PendingProposal? TryAdd()
    {
        lock (_gate)
        {
            if (_retired || _next - _lowest >= (ulong)window)
            {
                return null;
            }

            var pending = new PendingProposal(this, _next, _lowest, time);
            _pending.Add(_next++, pending);
            return pending;
        }
    }

    private PendingProposal? Remove(ulong sequence)
    {
        PendingProposal? pending;
        lock (_gate)
        {
            if (!_pending.Remove(sequence, out pending))
            {
                return null;
            }

            while (_lowest < _next && !_pending.ContainsKey(_lowest))
            {
                _lowest++;
            }
        }

        if (Volatile.Read(ref _waitingForRoom) > 0)
        {
            _room.Fire();
        }

        return pending;
    }
}
