using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// Those who wait for a change of members or of leadership to come to its end. Used by the host's loop alone.
/// </summary>
internal sealed class PendingChanges(RaftNode core, int electionTicks)
{
    private readonly List<Change> _changes = [];
    private readonly List<Transfer> _transfers = [];

    public void Begin(MembersAsked asked)
    {
        var result = asked.OnlyInTerm == core.Term
            ? core.ChangeConfiguration(asked.Target)
            : new(
                ChangeStatus.NoLeader, 0, MemberId.None, $"the term is {core.Term}, no longer {asked.OnlyInTerm}");
        switch (result.Status)
        {
            case ChangeStatus.Appended:
                _changes.Add(new(asked, core.Term, result));
                break;
            case ChangeStatus.Unchanged:
                asked.Answer.TrySetResult(new(MembershipOutcome.Committed, result));
                break;
            default:
                asked.Answer.TrySetResult(new(MembershipOutcome.Refused, result));
                break;
        }
    }

    public void Begin(TransferAsked asked)
    {
        var result = core.TransferLeadership(asked.Target ?? MemberId.None);
        switch (result.Status)
        {
            case TransferStatus.Started:
                _transfers.Add(new(asked, core.Term, result));
                break;
            case TransferStatus.Unchanged:
                asked.Answer.TrySetResult(new(TransferOutcome.Moved, result, core.Leader));
                break;
            default:
                asked.Answer.TrySetResult(new(TransferOutcome.Refused, result, core.Leader));
                break;
        }
    }

    /// <summary>Called whenever the core has done what it was told.</summary>
    public void Check()
    {
        if (_changes.Count > 0)
        {
            _changes.RemoveAll(IsOver);
        }

        if (_transfers.Count > 0)
        {
            _transfers.RemoveAll(IsOver);
        }
    }

    public void Tick()
    {
        foreach (var transfer in _transfers)
        {
            transfer.LeaderlessTicks = core.Leader.IsNone ? transfer.LeaderlessTicks + 1 : 0;
        }
    }

    /// <summary>The member is stopping.</summary>
    public void FailAll()
    {
        foreach (var change in _changes)
        {
            change.Asked.Answer.TrySetResult(new(MembershipOutcome.Unknown, change.Result));
        }

        foreach (var transfer in _transfers)
        {
            transfer.Asked.Answer.TrySetResult(new(TransferOutcome.Aborted, transfer.Result, MemberId.None));
        }

        _changes.Clear();
        _transfers.Clear();
    }

    private bool IsOver(Change change)
    {
        if (core.Configuration == change.Asked.Target && !core.IsChangePending)
        {
            change.Asked.Answer.TrySetResult(new(MembershipOutcome.Committed, change.Result));
            return true;
        }

        if (core.Role != RaftRole.Leader || core.Term != change.Term)
        {
            change.Asked.Answer.TrySetResult(new(MembershipOutcome.Unknown, change.Result));
            return true;
        }

        return false;
    }

    private bool IsOver(Transfer transfer)
    {
        var leads = core.Role == RaftRole.Leader;
        if (leads && core.Term == transfer.Term && !core.TransferTarget.IsNone)
        {
            return false;
        }

        // After a transfer that failed the target may still be voted for; two election timeouts decide that.
        if (!leads && core.Leader.IsNone && transfer.LeaderlessTicks <= 2 * electionTicks)
        {
            return false;
        }

        var moved = !leads && !core.Leader.IsNone;
        transfer.Asked.Answer.TrySetResult(
            new(moved ? TransferOutcome.Moved : TransferOutcome.Aborted, transfer.Result, core.Leader));
        return true;
    }

    private sealed record Change(MembersAsked Asked, ulong Term, ChangeResult Result);

    private sealed record Transfer(TransferAsked Asked, ulong Term, TransferResult Result)
    {
        public int LeaderlessTicks { get; set; }
    }
}
