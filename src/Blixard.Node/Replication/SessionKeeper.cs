using System.Security.Cryptography;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// The session in which this node numbers its commands: opened at the first need, and anew when the cluster has
/// forgotten it. Its OpenSession is known by a nonce, for the session's id is only known once it is applied.
/// </summary>
internal sealed partial class SessionKeeper : IDisposable
{
    // Half of the results that the cluster keeps for a session; ProposalSession says why half.
    private static readonly int Window = ClusterSettings.Default.MaxSessionResults / 2;

    private readonly IRaftEngine _engine;
    private readonly ReplicationEvents _events;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger<SessionKeeper> _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Pulse _leaderChange = new();
    private ProposalSession? _current;
    private Opening? _opening;

    // Replaced as a whole. Those of which something is still awaited.
    private ProposalSession[] _retired = [];

    // The last that was retired: the next one to be opened closes it.
    private ulong _supersedes;

    public SessionKeeper(
        IRaftEngine engine, ReplicationEvents events, string node, TimeProvider time, ILogger<SessionKeeper> log)
    {
        (_engine, _events, _node, _time, _log) = (engine, events, node, time, log);
        events.Applied += OnApplied;
        events.Restored += OnRestored;
        events.LeaderChanged += OnLeaderChanged;
    }

    /// <summary>Commands of this node whose answer is awaited.</summary>
    public int Pending => Current?.Pending ?? 0;

    /// <summary>The open session; null: there is none now.</summary>
    public ProposalSession? Current => Volatile.Read(ref _current);

    /// <summary>The open session; opens one if there is none, for as long as it takes.</summary>
    public async Task<ProposalSession> CurrentAsync(CancellationToken cancellationToken)
    {
        Task<ProposalSession> opened;
        lock (_gate)
        {
            if (_current is { } current)
            {
                return current;
            }

            if (_opening is null or { Done.Task.IsCompleted: true })
            {
                _opening = new Opening(NewNonce(), _supersedes);
                _ = OpenAsync(_opening);
            }

            opened = _opening.Done.Task;
        }

        return await opened.WaitAsync(cancellationToken);
    }

    /// <summary>The cluster has forgotten the session of that id.</summary>
    public void Expired(ulong session)
    {
        lock (_gate)
        {
            if (_current?.Id != session)
            {
                return;
            }

            _current = null;
        }

        LogExpired(session);
    }

    /// <summary>
    /// Something of that session is given up without its answer: nothing more is numbered in it, and the next one closes
    /// it before anything is applied in its own name. So what is given up is either applied before anything later is, or
    /// never, and the cluster keeps which.
    /// </summary>
    public void Retire(ulong session)
    {
        ProposalSession? retired;
        lock (_gate)
        {
            if (_current?.Id != session)
            {
                return;
            }

            retired = _current;
            Volatile.Write(ref _retired, [.. _retired.Where(each => each.Pending > 0), retired]);
            _supersedes = session;
            _current = null;
        }

        retired.Retire();
        LogRetired(session);
    }

    /// <summary>Whoever waits looks around: the leader is another one.</summary>
    public void WakeAll()
    {
        Current?.WakeAll();
        foreach (var session in Retired)
        {
            session.WakeAll();
        }
    }

    public void Dispose()
    {
        _events.Applied -= OnApplied;
        _events.Restored -= OnRestored;
        _events.LeaderChanged -= OnLeaderChanged;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    /// <summary>
    /// Proposes until it is applied here. A second session of the same nonce would merely stay unused.
    /// </summary>
    private async Task OpenAsync(Opening opening)
    {
        var stopping = _stopping.Token;
        try
        {
            var command = Command.Of(new OpenSession { Nonce = opening.Nonce });
            if (opening.Supersedes != 0)
            {
                command.Supersedes = new Superseded { ClientId = opening.Supersedes };
            }

            command.Actor = _node;
            command.TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var bytes = CommandCodec.Encode(command);
            while (!opening.Done.Task.IsCompleted)
            {
                var leaderChange = _leaderChange.Next;
                await _engine.ProposeAsync(bytes, stopping);
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                await Task.WhenAny(opening.Done.Task, leaderChange, Task.Delay(Proposer.RetryAfter, _time, pause.Token));
                await pause.CancelAsync();
                stopping.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            opening.Done.TrySetCanceled(stopping);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The engine has stopped; whoever waits for the session is told.
            opening.Done.TrySetException(e);
        }
    }

    private void OnApplied(ApplyOutcome outcome)
    {
        if (outcome.Nonce != 0)
        {
            Opened(outcome);
        }
        else if (Volatile.Read(ref _current) is { } session && session.Id == outcome.ClientId)
        {
            session.Complete(outcome.Sequence, outcome.Result);
        }
        else
        {
            foreach (var retired in Retired)
            {
                if (retired.Id == outcome.ClientId)
                {
                    retired.Complete(outcome.Sequence, outcome.Result);
                }
            }
        }
    }

    private ProposalSession[] Retired => Volatile.Read(ref _retired);

    private void Opened(ApplyOutcome outcome)
    {
        Opening opening;
        ProposalSession session;
        lock (_gate)
        {
            if (_opening is not { Done.Task.IsCompleted: false } waiting || waiting.Nonce != outcome.Nonce
                || outcome.Result is not Applied applied)
            {
                return;
            }

            (opening, session) = (waiting, new ProposalSession(applied.Index, Window, _time));
            _current = session;
            opening.Done.TrySetResult(session);
        }

        LogOpened(session.Id);
    }

    private void OnRestored(ClusterState state)
    {
        Volatile.Read(ref _current)?.CompleteFrom(state);
        foreach (var session in Retired)
        {
            session.CompleteFrom(state);
        }
    }

    private void OnLeaderChanged(RaftStatus status) => _leaderChange.Fire();

    private static ulong NewNonce()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return Math.Max(1, BitConverter.ToUInt64(bytes));
    }

    [LoggerMessage(LogLevel.Information, "Opened session {Session}")]
    private partial void LogOpened(ulong session);

    [LoggerMessage(LogLevel.Warning, "Session {Session} was forgotten by the cluster; a new one is opened")]
    private partial void LogExpired(ulong session);

    [LoggerMessage(LogLevel.Warning, "Session {Session} is retired: what became of a command in it is not known here")]
    private partial void LogRetired(ulong session);

    private sealed class Opening(ulong nonce, ulong supersedes)
    {
        public ulong Nonce { get; } = nonce;

        public ulong Supersedes { get; } = supersedes;

        public TaskCompletionSource<ProposalSession> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
