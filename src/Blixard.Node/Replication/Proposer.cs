using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
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

    /// <summary>
    /// How long nobody may lead before callers are no longer kept waiting: an election takes less, and a member that was
    /// left in a minority should say so at once.
    /// </summary>
    public static readonly TimeSpan LeaderlessPatience = TimeSpan.FromSeconds(2);

    /// <summary>Whoever is refused for the load for this long is told so.</summary>
    public static readonly TimeSpan OverloadPatience = TimeSpan.FromSeconds(1);

    /// <summary>Whoever is refused for want of space on the leader's disk is told so after this: another may take over.</summary>
    public static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(2);

    // In place of a timestamp: somebody leads.
    private const long Led = long.MinValue;

    /// <summary>Callers at a time; more are refused rather than queued.</summary>
    public const int MaxCallers = 4096;

    private readonly IRaftEngine _engine;
    private readonly SessionKeeper _sessions;
    private readonly ReplicationEvents _events;
    private readonly AppliedState _applied;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ReplicationMetrics? _metrics;
    private int _callers;

    // When the last leader was lost, or this began.
    private long _leaderlessSince;
    private int _restores;

    /// <param name="node">This node's name, the actor of every command.</param>
    /// <param name="metrics">Null: nobody measures.</param>
    public Proposer(
        IRaftEngine engine,
        SessionKeeper sessions,
        ReplicationEvents events,
        AppliedState applied,
        string node,
        TimeProvider time,
        ReplicationMetrics? metrics = null)
    {
        (_engine, _sessions, _events, _applied) = (engine, sessions, events, applied);
        (_node, _time, _metrics) = (node, time, metrics);
        _leaderlessSince = time.GetTimestamp();
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
    /// <exception cref="VersionGateException">Not every node of the cluster knows such a command.</exception>
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

    private Task<CommandResult> RunAsync(Command command, ulong term, CancellationToken cancellationToken)
    {
        command.Actor = _node;
        command.TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        command.DecidedTerm = term;
        if (CommandValidator.Check(command) is { } malformed)
        {
            return Task.FromResult<CommandResult>(malformed);
        }

        CheckVersion(command);
        if (Interlocked.Increment(ref _callers) > MaxCallers)
        {
            Interlocked.Decrement(ref _callers);
            throw new OverloadedException($"{MaxCallers} proposals of this node are waiting already.");
        }

        return CommitAsync(command, term, cancellationToken);
    }

    private async Task<CommandResult> CommitAsync(Command command, ulong term, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        try
        {
            while (true)
            {
                if (Leaderless() >= LeaderlessPatience)
                {
                    throw NobodyLeads(command.Kind);
                }

                var restores = Volatile.Read(ref _restores);
                var session = _sessions.Current;
                using var pending = session?.TryAdd() ?? await AddAsync(command.Kind, started, cancellationToken);
                command.ClientId = pending.ClientId;
                command.Sequence = pending.Sequence;
                command.AcknowledgedBelow = pending.AcknowledgedBelow;
                var attempt = new Attempt(command.Kind, pending, CommandCodec.Encode(command), started);
                CommandResult result;
                try
                {
                    result = term == 0
                        ? await CommitAsync(attempt, cancellationToken)
                        : await CommitAsLeaderAsync(attempt, term, cancellationToken);
                }
                catch (OutcomeUnknownException unknown) when (term == 0 && AllowsKeys)
                {
                    // Before the number is given up: whatever would be numbered after it in this session would let the
                    // cluster forget what became of it.
                    _sessions.Retire(pending.ClientId);
                    throw new OutcomeUnknownException(unknown.Message)
                    {
                        Number = new(pending.ClientId, pending.Sequence),
                    };
                }

                if (result is not Rejected { Reason: RejectionReason.SessionExpired })
                {
                    _metrics?.Committed(_time.GetElapsedTime(started));
                    return result;
                }

                _sessions.Expired(pending.ClientId);
                if (restores != Volatile.Read(ref _restores))
                {
                    // It may have been applied among what the snapshot replaced, before the session was forgotten.
                    throw new OutcomeUnknownException(
                        $"The session of this {command.Kind} was forgotten while it was out.")
                    {
                        Number = AllowsKeys ? new(pending.ClientId, pending.Sequence) : null,
                    };
                }

                // This node saw every entry since the number was given, and the first copy of it was refused: nothing
                // was applied, and nothing of a forgotten session ever will be.
            }
        }
        finally
        {
            Interlocked.Decrement(ref _callers);
        }
    }

    private bool AllowsKeys => _applied.Current.ClusterVersion >= CommandVersions.Keys;

    /// <summary>This replica may be behind, but the version is never lowered: what it allows is allowed.</summary>
    private void CheckVersion(Command command)
    {
        var (state, needed) = (_applied.Current, CommandVersions.Needed(command));
        if (state.ClusterVersion < needed)
        {
            var behind = ClusterVersions.Behind(state, needed);
            throw new VersionGateException(
                $"{command.Kind} needs cluster version {needed}, the cluster has {state.ClusterVersion}"
                    + (behind.IsEmpty ? "." : $": {string.Join(", ", behind)} must run a newer blixard-node first."));
        }
    }

    /// <summary>The next number, once there is a session and room in it.</summary>
    private async Task<PendingProposal> AddAsync(string kind, long started, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var deadline = new CancellationTokenSource(Patience(Left(started)), _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
            try
            {
                var session = await _sessions.CurrentAsync(either.Token);
                if (await session.AddAsync(either.Token) is { } pending)
                {
                    return pending;
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                if (Leaderless() >= LeaderlessPatience)
                {
                    throw NobodyLeads(kind);
                }

                if (Left(started) == TimeSpan.Zero)
                {
                    throw NobodyTook(kind);
                }
            }
        }
    }

    private async Task<CommandResult> CommitAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var pending = attempt.Pending;
        using var wakes = cancellationToken.UnsafeRegister(static waits => ((PendingProposal)waits!).Wake(), pending);
        while (true)
        {
            pending.Begin(Patience(Shorter(Left(attempt.Started), RetryAfter)));
            _engine.Propose(attempt.Bytes, pending);
            await pending.SleepAsync();

            // Awake: it is applied, the leader is another one, it is time to try again, or nobody wants it any more.
            if (pending.Result is { } result)
            {
                return result;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (IsHopeless(attempt) || Left(attempt.Started) == TimeSpan.Zero)
            {
                throw Missed(attempt);
            }
        }
    }

    private async Task<CommandResult> CommitAsLeaderAsync(
        Attempt attempt, ulong term, CancellationToken cancellationToken)
    {
        var pending = attempt.Pending;
        using var wakes = cancellationToken.UnsafeRegister(static waits => ((PendingProposal)waits!).Wake(), pending);
        var answer = await _engine.ProposeAsLeaderAsync(attempt.Bytes, term, cancellationToken);
        switch (answer.Status)
        {
            case ProposeStatus.Overloaded:
                throw TooMuch();
            case ProposeStatus.NoSpace:
                throw Full();
            case ProposeStatus.TooLarge:
                throw TooLarge(attempt.Kind, attempt.Bytes);
            case not ProposeStatus.Appended:
                throw new NoLeaderException($"This node does not lead in term {term}.");
        }

        while (true)
        {
            var left = Left(attempt.Started);
            pending.Begin(left < RetryAfter ? left : RetryAfter);
            if (_engine.Status.Term != term && pending.Result is null)
            {
                throw new OutcomeUnknownException($"The leadership of term {term} ended before this was committed.");
            }

            await pending.SleepAsync();
            if (pending.Result is { } result)
            {
                return result;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (Left(attempt.Started) == TimeSpan.Zero)
            {
                throw Unknown(attempt.Kind);
            }
        }
    }

    private TimeSpan Left(long started)
    {
        var left = Deadline - _time.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Of a wait: no longer than it is worth waiting for a leader while there is none.</summary>
    private TimeSpan Patience(TimeSpan wait)
    {
        return Leaderless() is { } leaderless && leaderless < LeaderlessPatience
            ? Shorter(wait, LeaderlessPatience - leaderless)
            : wait;
    }

    /// <summary>How long nobody has led, as far as this node knows; null: somebody does.</summary>
    private TimeSpan? Leaderless()
    {
        var since = Volatile.Read(ref _leaderlessSince);
        if (since == Led)
        {
            return null;
        }

        if (!_engine.Status.Leader.IsNone)
        {
            // Known before this could be told.
            Interlocked.CompareExchange(ref _leaderlessSince, Led, since);
            return null;
        }

        return _time.GetElapsedTime(since);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>Nothing of it is anywhere, and trying on would only keep the caller from trying elsewhere.</summary>
    private bool IsHopeless(Attempt attempt) => !attempt.Pending.MayBeTaken && attempt.Pending.LastAnswer switch
    {
        ProposeStatus.TooLarge => true,

        // A leader whose disk is full hands over to a voter that has room, if there is one: nothing was appended, and the
        // next leader may take it. Whoever leads, this node would not see it applied while its own disk is full.
        ProposeStatus.NoSpace =>
            _engine.Status.StorageLow || _time.GetElapsedTime(attempt.Started) >= HandOverPatience,
        ProposeStatus.Overloaded => _time.GetElapsedTime(attempt.Started) >= OverloadPatience,
        _ => Leaderless() >= LeaderlessPatience,
    };

    private Exception Missed(Attempt attempt) => attempt.Pending switch
    {
        { MayBeTaken: true } => Unknown(attempt.Kind),
        { LastAnswer: ProposeStatus.Overloaded } => TooMuch(),
        { LastAnswer: ProposeStatus.NoSpace } => Full(),
        { LastAnswer: ProposeStatus.TooLarge } => TooLarge(attempt.Kind, attempt.Bytes),
        _ when Leaderless() >= LeaderlessPatience => NobodyLeads(attempt.Kind),
        _ => NobodyTook(attempt.Kind),
    };

    private static OverloadedException TooMuch() => new("The leader has more under way than it can hold.");

    private static CommandTooLargeException TooLarge(string kind, ReadOnlyMemory<byte> bytes) =>
        new(kind, bytes.Length, CommandCodec.MaxEncodedBytes);

    private static NoSpaceException Full() => new(
        "The disk of this node or of the leader, or those of so many voters that nothing can be committed, are nearly "
            + "full.");

    private static NoLeaderException NobodyLeads(string kind) => new(
        $"Nobody has led for {LeaderlessPatience.TotalSeconds} s and more; nothing was done of this {kind}.");

    private static OutcomeUnknownException Unknown(string kind) => new(
        $"No answer to this {kind} within {Deadline.TotalSeconds} s: it may have been applied, or still be.");

    private static NoLeaderException NobodyTook(string kind) =>
        new($"No leader took this {kind} within {Deadline.TotalSeconds} s; nothing was done.");

    private void OnLeaderChanged(RaftStatus status)
    {
        if (!status.Leader.IsNone)
        {
            Volatile.Write(ref _leaderlessSince, Led);
        }
        else if (Volatile.Read(ref _leaderlessSince) == Led)
        {
            Volatile.Write(ref _leaderlessSince, _time.GetTimestamp());
        }

        _sessions.WakeAll();
    }

    private void OnRestored(ClusterState state) => Interlocked.Increment(ref _restores);

    /// <param name="Kind">Of the command, for people.</param>
    /// <param name="Pending">Its number.</param>
    /// <param name="Bytes">The same at every attempt.</param>
    /// <param name="Started">A timestamp: when the caller came.</param>
    private readonly record struct Attempt(
        string Kind, PendingProposal Pending, ReadOnlyMemory<byte> Bytes, long Started);
}
