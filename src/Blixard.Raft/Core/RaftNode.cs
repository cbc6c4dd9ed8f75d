using System.Diagnostics;
using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// One member of a Raft cluster as a pure state machine: it is told what happened (<see cref="Step"/>,
/// <see cref="Tick"/>, <see cref="Propose"/>, <see cref="ReadIndex(ulong)"/>, <see cref="Persisted"/>) and says what is
/// to be done (<see cref="TakeReady"/>). It has no clock, no thread and does no IO, so the same object runs in the
/// product and in the simulator. Not thread-safe: one loop owns it.
/// </summary>
/// <remarks>
/// Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)", 2014, cited by
/// section; "thesis" is Ongaro, "Consensus: Bridging Theory and Practice", 2014. The boundary is that of etcd's raft
/// with asynchronous storage writes.
/// </remarks>
public sealed class RaftNode
{
    private readonly MemberState _state;
    private readonly Election _election;
    private readonly Replication _replication;
    private readonly Membership _membership;
    private readonly ReadIndex _reads;
    private readonly Transfer _transfer;
    private readonly Tail _tail;
    private readonly TailSource _tailSource;

    private HardState _handedHardState;
    private SnapshotMeta? _receivedSnapshot;
    private ulong _batch;
    private int _ticksWithoutDisk;

    public RaftNode(RaftOptions options, RestoredState restored)
    {
        Require(!options.Self.IsNone, "a member needs an id");
        _state = new(options, restored);
        _reads = new(_state);
        _transfer = new(_state, _reads);
        _replication = new(_state, _reads, _transfer);
        _election = new(_state, _replication, _reads, _transfer);
        _membership = new(_state, _election, _replication, _transfer);
        _tail = new(_state, _election);
        _tailSource = new(_state);
        _handedHardState = restored.HardState;
        _state.Role = _state.RoleAtRest;
    }

    public MemberId Self => _state.Options.Self;

    public MemberId Leader => _state.Leader;

    /// <summary>
    /// Started with a <see cref="RestoredState.Repair"/> that is not yet made good: no vote and no campaign.
    /// Once false it stays false; the host may then forget the repair.
    /// </summary>
    public bool IsRepairing => _state.Repair is not null;

    /// <summary>For longer than an election timeout the disk has not finished what it was given.</summary>
    public bool IsDiskStalled => _ticksWithoutDisk > _state.Options.ElectionTicks;

    /// <summary>See <see cref="SetStorageLow"/>.</summary>
    public bool IsStorageLow => _state.StorageLow;

    public ulong Term => _state.Term;

    /// <summary>Who this member voted for in the present term.</summary>
    public MemberId Vote => _state.Vote;

    public RaftRole Role => _state.Role;

    public ulong Commit => _state.Log.Commit;

    public ulong FirstIndex => _state.Log.FirstIndex;

    public ulong LastIndex => _state.Log.LastIndex;

    /// <summary>Everything up to here is on this member's stable storage.</summary>
    public ulong DurableIndex => _state.Log.Durable;

    public SnapshotMeta Snapshot => _state.Log.Snapshot;

    /// <summary>Who counts now: the newest configuration in the log, committed or not.</summary>
    public Configuration Configuration => _state.Configuration;

    /// <summary>Where it came into force: the index of its entry, or of the snapshot that carries it.</summary>
    public ulong ConfigurationIndex => _state.Log.Configurations.NewestIndex;

    /// <summary>The configuration in force is not committed yet, or is joint: no other change can begin.</summary>
    public bool IsChangePending => _membership.IsPending;

    /// <summary>Whom leadership is being handed to; none when it is not.</summary>
    public MemberId TransferTarget => _transfer.Target;

    /// <summary>
    /// The leader's view of the others, in ascending order, those on their way out too; empty elsewhere.
    /// </summary>
    public IReadOnlyList<PeerProgress> Peers => _state.Peers;

    /// <summary>
    /// A leader that has committed an entry of its own term: only then is its commit index the cluster's.
    /// </summary>
    public bool LeadsWithCommit => _state.IsLeader && _state.Log.Matches(Commit, Term);

    /// <summary>The last index that no observer which this member serves lacks; MaxValue: none lacks anything.</summary>
    public ulong HeldByObservers => _tailSource.Held;

    /// <summary>For tests and invariants: the term of an entry, null if compacted or after the end.</summary>
    public ulong? TermAt(ulong index) => _state.Log.TermAt(index);

    /// <summary>
    /// Who counts at <paramref name="index"/>, which is not before the newest snapshot: what a snapshot taken there
    /// carries.
    /// </summary>
    public Configuration ConfigurationAt(ulong index) => _state.Log.Configurations.At(index);

    /// <summary>For tests and invariants. The index must be within FirstIndex and LastIndex.</summary>
    public LogEntry EntryAt(ulong index) => _state.Log.At(index);

    /// <summary>One unit of time has passed; how long it is, the host decides.</summary>
    public void Tick()
    {
        // No batch ended although one is waiting: a leader whose disk hangs must not keep the others waiting with
        // heartbeats it can still send.
        _ticksWithoutDisk = _state.Log.IsWriting ? _ticksWithoutDisk + 1 : 0;
        var diskStalled = IsDiskStalled;

        _tailSource.Tick();
        if (!_state.IsLeader)
        {
            _election.Tick(diskStalled);
            _tail.Tick();
            return;
        }

        foreach (var peer in _state.Peers)
        {
            peer.SilentTicks++;
        }

        if (diskStalled && _state.Configuration.AllVoters.Any(voter => voter != Self))
        {
            _election.BecomeFollower(Term, MemberId.None);
            return;
        }

        _transfer.Tick();
        _election.CheckQuorum();
        if (_state.IsLeader)
        {
            _election.GiveWay();
        }

        if (_state.IsLeader)
        {
            _replication.Tick();
            _membership.Tick();
            _membership.Advance();
        }
    }

    /// <summary>
    /// So many ticks did not come, because the machine was suspended or the process did not run, and the next one will.
    /// There is no lease that could have run out: reads are confirmed by messages (<see cref="ReadIndex(ulong)"/>). But
    /// what a leader knew of who answers is old, a transfer of leadership may be over, the next quorum check is due
    /// sooner, and a follower is no longer bound to a leader that it has not heard for so long.
    /// </summary>
    public void TicksMissed(int ticks)
    {
        // More than the longest timeout says nothing more.
        ticks = Math.Min(ticks, 2 * _state.Options.ElectionTicks);
        if (_state.IsLeader)
        {
            _transfer.Tick(ticks);
            foreach (var peer in _state.Peers)
            {
                if (ticks >= _state.Options.ElectionTicks)
                {
                    peer.Doubt();
                }
            }
        }

        // The check or the campaign is left to the next tick: what came meanwhile is still waiting to be stepped.
        var due = _state.IsLeader ? _state.Options.ElectionTicks : _state.ElectionTimeout;
        _state.ElectionElapsed = Math.Max(_state.ElectionElapsed, Math.Min(_state.ElectionElapsed + ticks, due - 1));
    }

    /// <summary>A message came. Messages may be lost, repeated, late and in any order.</summary>
    public void Step(Message message)
    {
        Require(message.To == Self, $"message for {message.To} stepped at {Self}");
        Receive(message);
        _membership.Advance();
        _state.EndRepairIfWhole();
    }

    private void Receive(Message message)
    {
        switch (message)
        {
            // These carry no authority and are judged by what they hold, not by their term.
            case ForwardProposals forwarded:
                Take(forwarded);
                return;
            case ForwardRefused:
                // For whoever proposed, not for the core.
                return;
            case ReadIndexRequest request:
                if (!_transfer.InProgress)
                {
                    _reads.Receive(request);
                }

                return;
            case ReadIndexResponse response:
                _reads.Receive(response);
                return;
            case SnapshotReceived received:
                StepSnapshot(received);
                return;
            case TailRequest request:
                _tailSource.Receive(request);
                return;
            case TailResponse response:
                _tail.Receive(response);
                return;

            // No configuration that it knows of counts its vote.
            case VoteRequest when Role == RaftRole.Observer:
                return;
        }

        if (message.Term > Term)
        {
            if (!StepToHigherTerm(message))
            {
                return;
            }
        }
        else if (message.Term < Term)
        {
#if MUTANTS
            if ((Planted.Is(Mutant.OldTermResponseAccepted) && message is AppendResponse)
                || (Planted.Is(Mutant.OldVoteCounted) && message is VoteResponse))
            {
                Dispatch(message);
                return;
            }
#endif
            AnswerLowerTerm(message);
            return;
        }

        Dispatch(message);
    }

    /// <summary>
    /// As leader: appends. As follower: hands it to the leader. Either way it is not committed yet, and may never be.
    /// </summary>
    /// <param name="data">The command.</param>
    /// <param name="context">
    /// If it is forwarded: by which a <see cref="ForwardRefused"/> will name it. Consecutive from one that is forwarded to
    /// the next; 0 where nobody wants to know.
    /// </param>
    public ProposeResult Propose(ReadOnlyMemory<byte> data, ulong context = 0)
    {
        if (_state.IsLeader)
        {
            return ProposeAsLeader(data, Term);
        }

        if (_state.StorageLow)
        {
            // The leader might take it, but this member takes no entries and would never see it applied.
            return new(ProposeStatus.NoSpace, 0, 0);
        }

        if (data.Length > _state.Options.MaxEntryBytes)
        {
            return new(ProposeStatus.TooLarge, 0, 0);
        }

        if (Leader.IsNone)
        {
            return new(ProposeStatus.NoLeader, 0, 0);
        }

        _replication.Forward(data, context);
        return new(ProposeStatus.Forwarded, 0, 0);
    }

    /// <summary>In their order: what follows one for which there was no room is refused as well.</summary>
    private void Take(ForwardProposals forwarded)
    {
        for (var i = 0; i < forwarded.Data.Count; i++)
        {
            var result = ProposeAsLeader(forwarded.Data[i], Term);
            switch (result.Status)
            {
                case ProposeStatus.Appended:
                    break;
                case ProposeStatus.TooLarge:
                    // Its own fault alone.
                    Refuse(forwarded, i, 1, result.Status);
                    break;
                default:
                    Refuse(forwarded, i, forwarded.Data.Count - i, result.Status);
                    return;
            }
        }
    }

    private void Refuse(ForwardProposals forwarded, int from, int count, ProposeStatus status)
    {
        if (forwarded.FirstContext != 0)
        {
            _state.Send(new ForwardRefused(
                Self,
                forwarded.From,
                Term,
                status,
                forwarded.FirstContext + (ulong)from,
                (uint)count));
        }
    }

    /// <summary>
    /// For decisions that are only valid if this member still leads in the term in which it took them.
    /// </summary>
    public ProposeResult ProposeAsLeader(ReadOnlyMemory<byte> data, ulong term) =>
        _state.IsLeader && Term == term && !_transfer.InProgress
            ? _replication.Propose(data)
            : new(ProposeStatus.NoLeader, 0, 0);

    /// <summary>
    /// Asks for an index from which a linearizable read may be served. False: nobody leads. Otherwise the context comes
    /// back in <see cref="Ready.Reads"/> or <see cref="Ready.DroppedReads"/>; or, when a message was lost, never: ask
    /// again with the same context.
    /// </summary>
    public bool ReadIndex(ulong context) => !_transfer.InProgress && _reads.Ask(context);

    /// <summary>
    /// Hands leadership to another voter; to the best of them if <paramref name="target"/> is none. Over when this
    /// member does not lead any more, or <see cref="TransferTarget"/> is none again: it was given up.
    /// </summary>
    public TransferResult TransferLeadership(MemberId target) => _transfer.Start(target);

    /// <summary>
    /// As leader: begins to make <paramref name="target"/> the configuration. What was appended is in force at once,
    /// and a joint configuration is left by itself; done when <see cref="Configuration"/> is the target and
    /// <see cref="IsChangePending"/> is false.
    /// </summary>
    public ChangeResult ChangeConfiguration(Configuration target) => _membership.Change(target);

    /// <summary>
    /// The space on this member's disk has fallen below its reserve, or is above it again. While it is low, proposals
    /// are refused with <see cref="ProposeStatus.NoSpace"/>, a leader hands over to a voter that has space, a follower
    /// takes hardly any entries; votes, terms, heartbeats and reads go on.
    /// </summary>
    public void SetStorageLow(bool low) => _state.StorageLow = low;

    public bool HasReady =>
        _state.HasOutput
        || _replication.IsDirty
        || _reads.NeedsConfirmation
        || _state.Log.HasForStorage
        || _state.Log.HasForApply
        || _receivedSnapshot is not null
        || _tailSource.HasWork
        || _state.HardState != _handedHardState;

    public Ready TakeReady()
    {
        _replication.Flush();
        _tailSource.Flush();
        HardState? hardState = _state.HardState == _handedHardState ? null : _state.HardState;
        _handedHardState = _state.HardState;
#if MUTANTS
        hardState = Planted.Is(Mutant.TermNotPersisted) && _state.Vote.IsNone ? null : hardState;
#endif
        var entries = _state.Log.TakeForStorage();
        var snapshot = _receivedSnapshot;
        _receivedSnapshot = null;
        var (messages, afterDurable, reads, dropped) = _state.TakeOutput();

        ulong batch = 0;
        if (hardState is not null || entries.Count > 0 || snapshot is not null)
        {
            batch = ++_batch;
            _state.Log.BatchHanded(batch, _state.HardState);
        }
        else if (afterDurable.Count > 0)
        {
            if (_state.Log.IsWriting)
            {
                batch = ++_batch;
                _state.Log.BatchHanded(batch, _state.HardState);
            }
            else
            {
                // All they promise is on stable storage already.
                messages.AddRange(afterDurable);
                afterDurable = [];
            }
        }

        return new()
        {
            Batch = batch,
            HardState = hardState,
            Entries = entries,
            Snapshot = snapshot,
            Messages = messages,
            AfterDurable = afterDurable,
            Committed = _state.Log.TakeForApply(),
            Reads = reads,
            DroppedReads = dropped,
        };
    }

    /// <summary>That batch and all before it are on stable storage.</summary>
    public void Persisted(ulong batch)
    {
        if (_state.Log.Persisted(batch) is { } durable)
        {
            _ticksWithoutDisk = 0;
            _state.DurableVote = durable;
            _election.OwnVoteDurable();
            _replication.AdvanceCommit();
            _membership.Advance();
            _state.EndRepairIfWhole();
        }
    }

    /// <summary>
    /// A snapshot of the applied state is durable: it is what slow followers get, and the log through
    /// <paramref name="through"/> (at most the snapshot's index; lower keeps entries for slow followers) is forgotten.
    /// </summary>
    public void Compact(SnapshotMeta snapshot, ulong through) => _state.Log.Compact(snapshot, through);

    /// <summary>The snapshot on its way to <paramref name="peer"/> did not arrive.</summary>
    public void SnapshotFailed(MemberId peer)
    {
        _replication.SnapshotFailed(peer);
        _tailSource.SnapshotEnded(peer, null);
    }

    /// <summary>It arrived, and covers the log through <paramref name="index"/>.</summary>
    public void SnapshotDelivered(MemberId peer, ulong index)
    {
        _replication.SnapshotDelivered(peer, index);
        _tailSource.SnapshotEnded(peer, index);
    }

    /// <summary>
    /// The connection on which <paramref name="peer"/> spoke has ended. If it led, it counts as silent for an election
    /// timeout: what is left to wait is the random part, by which the others do not campaign at the same moment. A hint
    /// and no proof, so nothing else rests on it: a leader that is still there, and says so to anyone, keeps its office
    /// because whoever hears it refuses the pre-vote.
    /// </summary>
    public void Disconnected(MemberId peer) => _election.LeaderDisconnected(peer);

    /// <summary>Messages to <paramref name="peer"/> were lost.</summary>
    public void Unreachable(MemberId peer)
    {
        _replication.Unreachable(peer);
        _tail.Unreachable(peer);
        _tailSource.Unreachable(peer);
    }

    /// <summary>False: the message is to be ignored.</summary>
    private bool StepToHigherTerm(Message message)
    {
        switch (message)
        {
            case VoteRequest request when _election.IsLoyal(request):
                return false;

            // A pre-vote asks about a term that nobody has entered; a granted one answers about it.
            case VoteRequest { PreVote: true }:
            case VoteResponse { PreVote: true, Granted: true }:
                return true;

            case AppendRequest or HeartbeatRequest or InstallSnapshotRequest:
                _election.BecomeFollower(message.Term, message.From);
                return true;

            default:
                _election.BecomeFollower(message.Term, MemberId.None);
                return true;
        }
    }

    private void AnswerLowerTerm(Message message)
    {
        switch (message)
        {
            // A leader of an earlier term learns that it is over: without this, one that PreVote keeps from being
            // challenged would go on for ever.
            case AppendRequest or HeartbeatRequest or InstallSnapshotRequest:
                _state.Send(new HeartbeatResponse(Self, message.From, Term, ReadSequence: 0));
                break;
            case VoteRequest request:
                _state.SendAfterDurable(new VoteResponse(Self, request.From, Term, request.PreVote, Granted: false));
                break;
        }
    }

    private void Dispatch(Message message)
    {
        switch (message)
        {
            case VoteRequest request:
                _election.Receive(request);
                break;
            case VoteResponse response:
                _election.Receive(response);
                break;
            case AppendRequest request:
                Follow(request.From);
                _replication.Receive(request);
                break;
            case HeartbeatRequest request:
                Follow(request.From);
                _replication.Receive(request);
                break;
            case InstallSnapshotRequest request:
                // The snapshot itself comes over another connection, and ends in SnapshotReceived.
                Follow(request.From);
                break;
            case AppendResponse response:
                _replication.Receive(response);
                break;
            case HeartbeatResponse response:
                _replication.Receive(response);
                break;
            case TimeoutNow when _state.Role == RaftRole.Follower:
                _election.Campaign(preVote: false, transferred: true);
                break;
            case TimeoutNow:
                break;
            default:
                throw new UnreachableException($"message {message.GetType().Name}");
        }
    }

    private void StepSnapshot(SnapshotReceived received)
    {
        // What a leader of any term sent is committed: it may be used even if that leader is gone.
        if (_state.IsLeader)
        {
            return;
        }

        if (received.Term > Term)
        {
            _election.BecomeFollower(received.Term, received.ToObserver ? MemberId.None : received.From);
        }

        if (_replication.Receive(received))
        {
            _receivedSnapshot = received.Snapshot;
            _tail.SnapshotArrived();
            if (Role is RaftRole.PreCandidate or RaftRole.Candidate)
            {
                // What voters were told of our log is no longer so.
                _election.BecomeFollower(Term, MemberId.None);
            }
        }
    }

    /// <summary>Something of this term's leader came.</summary>
    private void Follow(MemberId leader)
    {
        Require(
            !_state.IsLeader && (Leader.IsNone || Leader == leader),
            $"two leaders in term {Term}: {leader} and {Leader}");
        if (Leader == leader && _state.Role is RaftRole.Follower or RaftRole.Learner or RaftRole.Observer)
        {
            _state.ElectionElapsed = 0;
        }
        else
        {
            _election.BecomeFollower(Term, leader);
        }
    }
}
