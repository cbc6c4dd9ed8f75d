using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// How a node follows that is no member of the configuration: an observer. It asks any member for what is committed,
/// appends, commits and applies it, and persists it like a member; it never votes, and nothing waits for it. So a
/// cluster may have hundreds of nodes while its leader serves a few. This is the observer's side; the member's is
/// <see cref="TailSource"/>.
/// </summary>
/// <remarks>
/// Only committed entries are sent, so an observer can't be led astray by whoever it asks: any two members have the
/// same. It trusts its own commit index alone; what it holds beyond that (it may have been a learner) is replaced where
/// it differs. Committed entries that differ are a bug or a disk that lied: the observer stops. In a configuration that
/// has it as learner it is one, from the moment it has that configuration, and tails no more.
/// </remarks>
internal sealed class Tail(MemberState state, Election election)
{
    private MemberId _source;
    private int _silentTicks;
    private int _sinceRequest;
    private bool _isRewinding;

    /// <summary>A source that says nothing for this long is left for the next.</summary>
    private int SilenceTicks => 2 * state.Options.ElectionTicks;

    /// <summary>So often the source is told that this observer is still there.</summary>
    private int RenewTicks => Math.Max(1, state.Options.ElectionTicks / 2);

    public void Tick()
    {
        if (state.Role != RaftRole.Observer)
        {
            _source = MemberId.None;
            return;
        }

        if (_source.IsNone || ++_silentTicks >= SilenceTicks)
        {
            TurnToNext();
        }
        else if (++_sinceRequest >= RenewTicks)
        {
            Ask(rewind: false);
        }
    }

    /// <summary>What was sent to that member was lost: no need to wait until it was silent for long.</summary>
    public void Unreachable(MemberId member)
    {
        if (member == _source)
        {
            _silentTicks = SilenceTicks;
        }
    }

    /// <summary>A snapshot has replaced the log: go on after it at once.</summary>
    public void SnapshotArrived()
    {
        if (state.Role == RaftRole.Observer && !_source.IsNone)
        {
            _silentTicks = 0;
            Ask(rewind: true);
        }
    }

    public void Receive(TailResponse response)
    {
        if (state.Role != RaftRole.Observer)
        {
            return;
        }

        LearnLeader(response);

        // One that knows no leader, or an old one, may be cut off from the others, and stand still for ever.
        if (response.From == _source && response.Term == state.Term && !response.Leader.IsNone)
        {
            _silentTicks = 0;
        }

        if (!state.StorageLow)
        {
            Take(response);
        }
    }

    private void LearnLeader(TailResponse response)
    {
        var leader = response.Leader == state.Options.Self ? MemberId.None : response.Leader;
        if (response.Term > state.Term
            || (response.Term == state.Term && !leader.IsNone && leader != state.Leader))
        {
            election.BecomeFollower(response.Term, leader);
        }
    }

    private void Take(TailResponse response)
    {
        var (log, previous) = (state.Log, response.PrevLogIndex);
        if (previous > log.Commit && !log.Matches(previous, response.PrevLogTerm))
        {
            // Something before it was lost on the way.
            if (!_isRewinding && response.From == _source)
            {
                Ask(rewind: true);
            }

            return;
        }

        if (previous <= log.Commit && log.TermAt(previous) is { } term)
        {
            Require(
                term == response.PrevLogTerm,
                $"committed entry {previous} has term {term} here and {response.PrevLogTerm} at {response.From}: "
                + "one of the two logs is not this cluster's");
        }

        _isRewinding = false;
        var before = log.Commit;
        log.Merge(response.Entries);
        log.CommitTo(Math.Min(response.Commit, previous + (ulong)response.Entries.Count));

        // Only news is answered. What came twice would else bring forth the next copies, several for each, without end.
        if (log.Commit > before && response.Entries.Count > 0 && response.From == _source)
        {
            Ask(rewind: false);
        }
    }

    private void TurnToNext()
    {
        if (!state.Leader.IsNone)
        {
            // Known from the one that is silent.
            election.BecomeFollower(state.Term, MemberId.None);
        }

        _source = Next(_source);
        _silentTicks = 0;
        if (!_source.IsNone)
        {
            Ask(rewind: true);
        }
    }

    /// <summary>
    /// Members in a circle, in order; observers begin at different ones. Those of the configuration, or, before one is
    /// known or where none of them is there any more, those it was started with.
    /// </summary>
    private MemberId Next(MemberId after)
    {
        var candidates = state.Configuration.Members.Concat(state.Options.Sources)
            .Where(member => member != state.Options.Self)
            .Distinct()
            .Order()
            .ToList();
        if (candidates.Count == 0)
        {
            return MemberId.None;
        }

        if (after.IsNone)
        {
            return candidates[(int)(state.Options.Self.Value % (ulong)candidates.Count)];
        }

        var next = candidates.FindIndex(member => member > after);
        return candidates[Math.Max(next, 0)];
    }

    private void Ask(bool rewind)
    {
        _isRewinding = rewind;
        _sinceRequest = 0;
        var commit = state.Log.Commit;

        // Who counts stands in the log only where it changed: without a configuration, entries alone would not tell.
        // Of the log: a snapshot that has just replaced it is put in force only after this.
        var needsSnapshot = !state.Log.Configurations.Newest.AllVoters.Any();
        state.Send(new TailRequest(
            state.Options.Self, _source, state.Term, commit, state.Log.TermAt(commit) ?? 0, rewind, needsSnapshot));
    }
}
