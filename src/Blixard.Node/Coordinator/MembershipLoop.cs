using System.Diagnostics;
using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <summary>
/// Carries out, on the leader, what was asked of the members and what the planner of roles wants, one thing after the
/// other. Apart from the <see cref="CoordinatorLoop"/>, because a change may have to wait for a majority, and a node that
/// is lost must be noticed meanwhile.
/// </summary>
internal sealed partial class MembershipLoop : BackgroundService
{
    /// <summary>Contact, lag and health change without any event, so they are looked at every so often.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly VoterRoleRules? _rules;
    private readonly Replica _replica;
    private readonly IRaftEngine _engine;
    private readonly Proposer _proposer;
    private readonly ReplicationEvents _events;
    private readonly TimeProvider _time;
    private readonly ILogger<MembershipLoop> _log;
    private readonly MemberHealthTracker _health;
    private readonly MembershipTrouble _trouble;
    private readonly Pulse _wake = new();
    private Membership _seen = Membership.Empty;

    /// <summary>What last went wrong, so that it is said once and not at every look.</summary>
    private string? _lastTrouble;

    public MembershipLoop(
        MembershipSettings settings,
        Replica replica,
        IRaftEngine engine,
        Proposer proposer,
        ReplicationEvents events,
        TimeProvider time,
        MembershipTrouble trouble,
        ILogger<MembershipLoop> log)
    {
        _trouble = trouble;
        (_rules, _replica, _engine, _proposer) = (settings.Rules, replica, engine, proposer);
        (_events, _time, _log, _health) = (events, time, log, new(time));
        events.LeaderChanged += OnLeaderChanged;
        events.Applied += OnApplied;
    }

    public override void Dispose()
    {
        _events.LeaderChanged -= OnLeaderChanged;
        _events.Applied -= OnApplied;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var wake = _wake.Next;
                var leading = _engine.Status.IsLeader;
                if (leading && await StepAsync(stoppingToken))
                {
                    continue;
                }

                await WaitAsync(wake, leading, stoppingToken);
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
            // Time to look again.
        }
    }

    /// <summary>True: something was done, so there may be more to do at once.</summary>
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var (status, state) = (_engine.Status, _replica.State);
        var health = _health.Look(status);

        // Until the first entry of this term is applied here, the state may lack what earlier leaders settled.
        if (!status.CanServe || state.Term != status.Term)
        {
            return false;
        }

        return MembershipSteps.Next(state, status, health, _rules) switch
        {
            null => false,
            ChangeMembers change => await ChangeAsync(change, status.Term, cancellationToken),
            HandOver handOver => await HandOverAsync(handOver, status.Term, cancellationToken),
            Settle settle => await SettleAsync(settle, status.Term, cancellationToken),
            _ => throw new UnreachableException(),
        };
    }

    private async Task<bool> ChangeAsync(ChangeMembers change, ulong term, CancellationToken cancellationToken)
    {
        LogChanging(change.Subject, change.Reason, term);
        var result = await _engine.ChangeMembersAsync(change.Target, term, cancellationToken);
        switch (result.Outcome)
        {
            case MembershipOutcome.Committed:
                _lastTrouble = null;
                _trouble.Clear();
                LogChanged(change.Subject, result.Change.Index);
                return true;
            case MembershipOutcome.Refused when change.Request != 0 && IsFinal(result.Change.Status):
                var why = Named(result.Change.Reason ?? $"{result.Change.Status}", result.Change.Member);
                return await SettleAsync(new Settle(change.Request, why, change.Subject), term, cancellationToken);
            default:
                Trouble(change.Subject, result.Change.Reason ?? "leadership ended before it was committed");
                return false;
        }
    }

    /// <summary>
    /// The core's answer can't become another by waiting a moment; what can is tried again at the next look.
    /// </summary>
    private static bool IsFinal(ChangeStatus status) =>
        status is ChangeStatus.LearnerBehind or ChangeStatus.QuorumAtRisk or ChangeStatus.Invalid;

    private async Task<bool> HandOverAsync(HandOver handOver, ulong term, CancellationToken cancellationToken)
    {
        var transfer = await _engine.TransferLeadershipAsync(handOver.To, cancellationToken);
        var why = (transfer.Outcome, transfer.Transfer.Status) switch
        {
            // Whoever leads now settles it.
            (TransferOutcome.Moved, _) or (_, TransferStatus.NoLeader or TransferStatus.InProgress) => null,
            (TransferOutcome.Aborted, _) => $"{NameOf(transfer.Transfer.Target)} did not take over within an election timeout",
            (_, TransferStatus.Silent) => $"{NameOf(transfer.Transfer.Target)} does not answer",
            _ when handOver.To is { } to => $"{NameOf(to)} is no voter",
            _ => "there is no other voter that answers",
        };
        return why is not null
            && await SettleAsync(new Settle(handOver.Request, why, "a transfer of leadership"), term, cancellationToken);
    }

    private async Task<bool> SettleAsync(Settle settle, ulong term, CancellationToken cancellationToken)
    {
        try
        {
            var command = Command.Of(new SettleMembershipChange { Request = settle.Request, Refused = settle.Refused });
            switch (await _proposer.ProposeAsLeaderAsync(command, term, cancellationToken))
            {
                case Applied when settle.Refused.Length == 0:
                    LogSettled(settle.Subject, settle.Request);
                    return true;
                case Applied:
                    LogRefused(settle.Subject, settle.Request, settle.Refused);
                    return true;
                case Rejected rejected:
                    Trouble(settle.Subject, rejected.Detail);
                    return false;
                default:
                    throw new UnreachableException();
            }
        }
        catch (Exception e) when (e is NoLeaderException or OverloadedException or OutcomeUnknownException
            or VersionGateException)
        {
            Trouble(settle.Subject, e.Message);
            return false;
        }
    }

    /// <summary>The core knows ids only.</summary>
    private string Named(string reason, MemberId member) =>
        member.IsNone ? reason : reason.Replace($"{member}", NameOf(member), StringComparison.Ordinal);

    private string NameOf(MemberId member) =>
        _replica.State.Nodes.Values.FirstOrDefault(node => node.MemberId == member.Value)?.Name ?? $"{member}";

    private void Trouble(string subject, string detail)
    {
        _trouble.Set(_replica.State.Membership.Pending?.Request ?? 0, detail);
        var trouble = $"{subject}: {detail}";
        if (trouble != _lastTrouble)
        {
            _lastTrouble = trouble;
            LogNotDone(subject, detail);
        }
    }

    private void OnLeaderChanged(RaftStatus status)
    {
        _trouble.Clear();
        _wake.Fire();
    }

    /// <summary>On the apply loop, which is busy: only what is about the members wakes.</summary>
    private void OnApplied(ApplyOutcome outcome)
    {
        if (!ReferenceEquals(outcome.State.Membership, _seen))
        {
            _seen = outcome.State.Membership;
            _wake.Fire();
        }
    }

    [LoggerMessage(LogLevel.Information, "Changing the members: {Subject} ({Reason}); term {Term}")]
    private partial void LogChanging(string subject, string reason, ulong term);

    [LoggerMessage(LogLevel.Information, "The members are changed: {Subject}; begun at index {Index}")]
    private partial void LogChanged(string subject, ulong index);

    [LoggerMessage(LogLevel.Information, "Done: {Subject}, asked for at index {Request}")]
    private partial void LogSettled(string subject, ulong request);

    [LoggerMessage(LogLevel.Warning, "Not done: {Subject}, asked for at index {Request}: {Reason}")]
    private partial void LogRefused(string subject, ulong request, string reason);

    [LoggerMessage(LogLevel.Warning, "The members are not changed yet: {Subject}: {Reason}")]
    private partial void LogNotDone(string subject, string reason);
}

/// <param name="Rules">Null: roles are the operator's business alone.</param>
internal sealed record MembershipSettings(VoterRoleRules? Rules);
