using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Makes a command part of the replicated state and brings back what it came to. Each is numbered in this node's
/// session and waits for the moment when the local apply loop applies that number; until then the same bytes are
/// proposed again at every change of leader and every second, and the session table sees to it that they are applied
/// once (Raft thesis, section 6.3). Any number of callers at a time.
/// </summary>
internal sealed class Proposer : IDisposable
{
    /// <summary>How long a caller waits for the answer.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>A proposal that was lost on its way is repeated after this.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Callers at a time; more are refused rather than queued.</summary>
    public const int MaxCallers = 4096;

    private static readonly TimeSpan OverloadPause = TimeSpan.FromMilliseconds(50);

    private readonly IRaftEngine _engine;
    private readonly SessionKeeper _sessions;
    private readonly ReplicationEvents _events;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ReplicationMetrics? _metrics;
    private readonly Pulse _leaderChange = new();
    private int _callers;
    private int _restores;

    /// <param name="node">This node's name, the actor of every command.</param>
    /// <param name="metrics">Null: nobody measures.</param>
    public Proposer(
        IRaftEngine engine,
        SessionKeeper sessions,
        ReplicationEvents events,
        string node,
        TimeProvider time,
        ReplicationMetrics? metrics = null)
    {
        (_engine, _sessions, _events, _node, _time, _metrics) = (engine, sessions, events, node, time, metrics);
        events.LeaderChanged += OnLeaderChanged;
        events.Restored += OnRestored;
    }

    /// <summary>Callers that wait now.</summary>
    public int InFlight => Volatile.Read(ref _callers);

    /// <summary>
    /// What the command came to, once it is applied on this node: its effect is then visible in
    /// <see cref="Replica.State"/>. A command that breaks a rule of form is rejected without being proposed.
    /// </summary>
    /// <param name="command">A body; the envelope is filled in here. Not to be used again.</param>
    /// <exception cref="NoLeaderException">Not appended and not forwarded within <see cref="Deadline"/>.</exception>
    /// <exception cref="OverloadedException">Too much is under way; not appended and not forwarded.</exception>
    /// <exception cref="OutcomeUnknownException">Appended or forwarded, and no answer within the deadline.</exception>
    /// <exception cref="CommandTooLargeException">Send it in parts.</exception>
    public Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken) =>
        RunAsync(command, term: 0, cancellationToken);

    /// <summary>
    /// For a decision of the leader: holds only if it is committed in <paramref name="term"/>, is never forwarded and
    /// never repeated. Otherwise as <see cref="ProposeAsync"/>.
    /// </summary>
    /// <exception cref="NoLeaderException">This node does not lead in that term.</exception>
    /// <exception cref="OutcomeUnknownException">Appended, but the leadership ended before it was applied.</exception>
    public Task<CommandResult> ProposeAsLeaderAsync(Command command, ulong term, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(term);
        return RunAsync(command, term, cancellationToken);
    }

    public void Dispose()
    {
        _events.LeaderChanged -= OnLeaderChanged;
        _events.Restored -= OnRestored;
    }

    private async Task<CommandResult> RunAsync(Command command, ulong term, CancellationToken cancellationToken)
    {
        command.Actor = _node;
        command.TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        command.DecidedTerm = term;
        if (CommandValidator.Check(command) is { } malformed)
        {
            return malformed;
        }

        if (Interlocked.Increment(ref _callers) > MaxCallers)
        {
            Interlocked.Decrement(ref _callers);
            throw new OverloadedException($"{MaxCallers} proposals of this node are waiting already.");
        }

        var started = _time.GetTimestamp();
        var fate = new Fate();
        using var deadline = new CancellationTokenSource(Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var result = await NumberAndCommitAsync(command, term, fate, either.Token);
            _metrics?.Committed(_time.GetElapsedTime(started));
            return result;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw fate.Missed(command.Kind);
        }
        finally
        {
            Interlocked.Decrement(ref _callers);
        }
    }

    private async Task<CommandResult> NumberAndCommitAsync(
        Command command, ulong term, Fate fate, CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = await _sessions.CurrentAsync(cancellationToken);
            var restores = Volatile.Read(ref _restores);
            using var pending = await session.AddAsync(cancellationToken);
            command.ClientId = pending.ClientId;
            command.Sequence = pending.Sequence;
            command.AcknowledgedBelow = pending.AcknowledgedBelow;
            var bytes = CommandCodec.Encode(command);
            var result = term == 0
                ? await CommitAsync(pending, bytes, fate, cancellationToken)
                : await CommitAsLeaderAsync(pending, bytes, term, fate, cancellationToken);
            if (result is not Rejected { Reason: RejectionReason.SessionExpired })
            {
                return result;
            }

            _sessions.Expired(session);
            if (restores != Volatile.Read(ref _restores))
            {
                // It may have been applied among what the snapshot replaced, before the session was forgotten.
                throw new OutcomeUnknownException($"The session of this {command.Kind} was forgotten while it was out.");
            }

            // This node saw every entry since the number was given, and the first copy of it was refused: nothing was
            // applied, and nothing of a forgotten session ever will be.
            fate.Refused();
        }
    }

    private async Task<CommandResult> CommitAsync(
        PendingProposal pending, ReadOnlyMemory<byte> bytes, Fate fate, CancellationToken cancellationToken)
    {
        while (true)
        {
            var leaderChange = _leaderChange.Next;
            fate.Handing();
            var answer = await _engine.ProposeAsync(bytes, cancellationToken);
            fate.Handed(answer.Status);
            var pause = answer.Status == ProposeStatus.Overloaded ? OverloadPause : RetryAfter;
            if (await CompletesAsync(pending, leaderChange, pause, cancellationToken))
            {
                return await pending.Result;
            }
        }
    }

    private async Task<CommandResult> CommitAsLeaderAsync(
        PendingProposal pending, ReadOnlyMemory<byte> bytes, ulong term, Fate fate, CancellationToken cancellationToken)
    {
        fate.Handing();
        var answer = await _engine.ProposeAsLeaderAsync(bytes, term, cancellationToken);
        fate.Handed(answer.Status);
        switch (answer.Status)
        {
            case ProposeStatus.Overloaded:
                throw new OverloadedException("The leader holds too much that is not committed.");
            case not ProposeStatus.Appended:
                throw new NoLeaderException($"This node does not lead in term {term}.");
        }

        while (true)
        {
            var leaderChange = _leaderChange.Next;
            if (_engine.Status.Term != term && !pending.Result.IsCompleted)
            {
                throw new OutcomeUnknownException($"The leadership of term {term} ended before this was committed.");
            }

            if (await CompletesAsync(pending, leaderChange, RetryAfter, cancellationToken))
            {
                return await pending.Result;
            }
        }
    }

    /// <summary>True: the result is there. False: the leader changed, or it is time to try again.</summary>
    private async Task<bool> CompletesAsync(
        PendingProposal pending, Task leaderChange, TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(pending.Result, leaderChange).WaitAsync(pause, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Lost on its way, or slow: the same bytes again do no harm.
        }

        return pending.Result.IsCompleted;
    }

    private void OnLeaderChanged(RaftStatus status) => _leaderChange.Fire();

    private void OnRestored(ClusterState state) => Interlocked.Increment(ref _restores);

    /// <summary>What may have become of a proposal, for the answer when the deadline has passed.</summary>
    private sealed class Fate
    {
        private bool _taken;
        private bool _handing;
        private bool _overloaded;

        /// <summary>From here on, until the engine has answered, it may be taken without our knowing.</summary>
        public void Handing() => _handing = true;

        public void Handed(ProposeStatus status)
        {
            _handing = false;
            _taken |= status is ProposeStatus.Appended or ProposeStatus.Forwarded;
            _overloaded = status == ProposeStatus.Overloaded;
        }

        public void Refused() => _taken = false;

        public Exception Missed(string kind) => (_taken || _handing, _overloaded) switch
        {
            (true, _) => new OutcomeUnknownException(
                $"No answer to this {kind} within {Deadline.TotalSeconds} s: it may have been applied, or still be."),
            (_, true) => new OverloadedException("The leader holds too much that is not committed."),
            _ => new NoLeaderException($"No leader took this {kind} within {Deadline.TotalSeconds} s; nothing was done."),
        };
    }
}
