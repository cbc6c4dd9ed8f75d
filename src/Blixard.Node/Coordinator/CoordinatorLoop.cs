using System.Diagnostics;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <param name="ForgetAfter">How long a VM that its node has no more is remembered; zero: for ever.</param>
internal sealed record CoordinatorSettings(TimeSpan ForgetAfter);

/// <summary>
/// Decides, on the leader. Level-triggered: whatever wakes it, a new state, a change of leadership, or the time to look
/// at the contacts again, it looks at the state as it is now, asks the planners and proposes what they say, in the term
/// in which it was decided and never through another node.
/// </summary>
internal sealed partial class CoordinatorLoop : BackgroundService
{
    /// <summary>Silence grows without any event, so the contacts are looked at every so often.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly CoordinatorSettings _settings;
    private readonly Replica _replica;
    private readonly IRaftEngine _engine;
    private readonly Proposer _proposer;
    private readonly ReplicationEvents _events;
    private readonly TimeProvider _time;
    private readonly ILogger<CoordinatorLoop> _log;
    private readonly Pulse _leaderChange = new();
    private readonly Pulse _news = new();
    private readonly SettledVms _settled = new();

    /// <summary>Since when log time has not gone on, and the leadership that measures it.</summary>
    private long _timeSince;
    private ulong _timeTerm;

    /// <summary>What last went wrong, so that it is said once and not at every look.</summary>
    private string? _lastTrouble;

    public CoordinatorLoop(
        CoordinatorSettings settings,
        Replica replica,
        IRaftEngine engine,
        Proposer proposer,
        ReplicationEvents events,
        TimeProvider time,
        ILogger<CoordinatorLoop> log)
    {
        _settings = settings;
        (_replica, _engine, _proposer, _events, _time, _log) = (replica, engine, proposer, events, time, log);
        events.LeaderChanged += OnLeaderChanged;
        events.Applied += OnApplied;
        events.Restored += OnRestored;
    }

    public override void Dispose()
    {
        _events.LeaderChanged -= OnLeaderChanged;
        _events.Applied -= OnApplied;
        _events.Restored -= OnRestored;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var news = IsCurrent() ? _news.Next : _replica.NextState;
                var leaderChange = _leaderChange.Next;
                var leading = _engine.Status.IsLeader;
                if (leading && await DecideAsync(stoppingToken))
                {
                    continue;
                }

                await WaitAsync(leading ? Task.WhenAny(news, leaderChange) : leaderChange, leading, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task WaitAsync(Task wake, bool leading, CancellationToken cancellationToken)
    {
        try
        {
            await wake.WaitAsync(leading ? LookEvery : Timeout.InfiniteTimeSpan, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Time to look at the contacts.
        }
    }

    /// <summary>True: something was done, so the state is another one now.</summary>
    private async Task<bool> DecideAsync(CancellationToken cancellationToken)
    {
        var status = _engine.Status;
        var state = _replica.State;

        if (!status.CanServe || state.Term != status.Term)
        {
            return false;
        }

        var done = false;
        if (_timeTerm != status.Term)
        {
            (_timeTerm, _timeSince) = (status.Term, _time.GetTimestamp());
        }

        var now = _time.GetTimestamp();
        foreach (var decision in Decisions.Of(
            state,
            status,
            _time.GetElapsedTime(_timeSince, now),
            _time.GetUtcNow().ToUnixTimeMilliseconds(),
            _settings.ForgetAfter,
            _settled))
        {
            if (decision.Command.BodyCase == Command.BodyOneofCase.AdvanceTime)
            {
                // Whatever becomes of it: time that is lost makes sessions live longer, counted twice it ends them early.
                _timeSince = now;
            }

            done |= await ProposeAsync(decision, status, cancellationToken);
        }

        return done;
    }

    private async Task<bool> ProposeAsync(Decision decision, RaftStatus status, CancellationToken cancellationToken)
    {
        try
        {
            switch (await _proposer.ProposeAsLeaderAsync(decision.Command, status.Term, cancellationToken))
            {
                case Applied applied:
                    _lastTrouble = null;
                    if (!decision.IsRoutine)
                    {
                        LogDecided(decision.Subject, decision.Reason, status.Term, applied.Index);
                    }

                    return true;
                case Rejected rejected:
                    Trouble(decision, rejected.Detail);
                    return false;
                default:
                    throw new UnreachableException();
            }
        }
        catch (Exception e) when (e is NoLeaderException or OverloadedException or OutcomeUnknownException
            or VersionGateException)
        {
            Trouble(decision, e.Message);
            return false;
        }
    }

    private void Trouble(Decision decision, string detail)
    {
        var trouble = $"{decision.Subject}: {detail}";
        if (trouble != _lastTrouble)
        {
            _lastTrouble = trouble;
            LogNotDone(decision.Subject, decision.Reason, detail);
        }
    }

    /// <summary>
    /// Until the first entry of this term is applied here, the state may lack what earlier leaders decided.
    /// </summary>
    private bool IsCurrent() => _replica.State.Term == _engine.Status.Term;

    private void OnLeaderChanged(RaftStatus status) => _leaderChange.Fire();

    private void OnRestored(ClusterState state) => _news.Fire();

    /// <summary>No planner asks for annotations, and a look goes over all VMs: they may come by the thousand.</summary>
    private void OnApplied(ApplyOutcome outcome)
    {
        if (outcome.Changes.IsEmpty || outcome.Changes.Any(static change => !change.OfAnnotation))
        {
            _news.Fire();
        }
    }

    [LoggerMessage(LogLevel.Information, "Decided: {Subject} ({Reason}); term {Term}, index {Index}")]
    private partial void LogDecided(string subject, string reason, ulong term, ulong index);

    [LoggerMessage(LogLevel.Warning, "Not decided: {Subject} ({Reason}): {Detail}")]
    private partial void LogNotDone(string subject, string reason, string detail);
}
