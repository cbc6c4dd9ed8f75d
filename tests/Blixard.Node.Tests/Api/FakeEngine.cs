using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Api;

/// <summary>
/// Consensus without peers: what is proposed is committed and applied at once, unless the test has cut the node off. Then
/// there is no leader, or what is forwarded to it is lost.
/// </summary>
internal sealed class FakeEngine(ApplyLoop loop, ReplicationEvents events) : IRaftEngine
{
    public static readonly MemberId[] Members = [new(0xa1), new(0xa2), new(0xa3)];

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _readConfirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> _lostCommand;
    private RaftStatus _status = new(
        Self: Members[0],
        Role: RaftRole.Leader,
        Leader: Members[0],
        Term: 3,
        Commit: 0,
        Applied: 0,
        Durable: 0,
        First: 1,
        Last: 0,
        SnapshotIndex: 0,
        Configuration: Configuration.Of(Members),
        CanServe: true,
        Peers: [Peer(1), Peer(2)]);

    public RaftStatus Status
    {
        get => Volatile.Read(ref _status);
        set
        {
            Volatile.Write(ref _status, value);
            events.OnLeaderChanged(value);
        }
    }

    /// <summary>Forwarded proposals never arrive.</summary>
    public bool Loses { get; set; }

    /// <summary>Completes once a proposal was lost.</summary>
    public Task Lost => _lost.Task;

    /// <summary>The last one that was lost comes through after all.</summary>
    public void ApplyLost() => Commit(_lostCommand);

    public bool Overloaded { get; set; }

    /// <summary>Added to what a read must wait for: this member is that far behind.</summary>
    public ulong Behind { get; set; }

    /// <summary>The minority side of a partition.</summary>
    public void CutOff() => Status = Status with { Role = RaftRole.PreCandidate, Leader = MemberId.None, Peers = [], CanServe = false };

    /// <summary>Another member leads.</summary>
    public void Follow() =>
        Status = Status with { Role = RaftRole.Follower, Leader = Members[1], Peers = [], CanServe = false };

    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        Task.FromResult(Propose(command));

    public void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer) => answer.Handed(Propose(command));

    private ProposeResult Propose(ReadOnlyMemory<byte> command)
    {
        if (Status.Leader.IsNone || Overloaded)
        {
            var status = Overloaded ? ProposeStatus.Overloaded : ProposeStatus.NoLeader;
            return new(status, 0, 0);
        }

        if (Loses)
        {
            _lostCommand = command;
            _lost.TrySetResult();
            return new(ProposeStatus.Forwarded, 0, 0);
        }

        return new(ProposeStatus.Appended, Commit(command), Status.Term);
    }

    public Task<ProposeResult> ProposeAsLeaderAsync(
        ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken) =>
        ProposeAsync(command, cancellationToken);

    /// <summary>Completes once the index of a read was asked for and given.</summary>
    public Task ReadConfirmed => _readConfirmed.Task;

    public Task<ulong> ReadIndexAsync(CancellationToken cancellationToken)
    {
        if (Status.Leader.IsNone)
        {
            return Task.FromException<ulong>(new NoLeaderException("no leader confirmed the read in time"));
        }

        var index = Status.Commit + Behind;
        _readConfirmed.TrySetResult();
        return Task.FromResult(index);
    }

    /// <summary>What the engine says to a change, if it does not make it.</summary>
    public ChangeResult? RefusesChange { get; set; }

    public Task<ReadOnlyMemory<byte>> AskLeaderAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken) =>
        throw new NoLeaderException("nobody is asked here");

    public Task<MembershipResult> ChangeMembersAsync(
        Configuration target, ulong onlyInTerm, CancellationToken cancellationToken)
    {
        if (RefusesChange is { } refused)
        {
            return Task.FromResult(new MembershipResult(MembershipOutcome.Refused, refused));
        }

        Status = Status with { Configuration = target };
        return Task.FromResult(new MembershipResult(
            MembershipOutcome.Committed, new(ChangeStatus.Appended, Status.Last, MemberId.None, null)));
    }

    public Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken) =>
        Task.FromResult(new LeadershipTransfer(
            TransferOutcome.Refused, new(TransferStatus.NotVoter, target ?? MemberId.None), Status.Leader));

    /// <summary>Commits and applies what the rest of the cluster does.</summary>
    public ulong Apply(Command command) => Commit(CommandCodec.Encode(command));

    private ulong Commit(ReadOnlyMemory<byte> data)
    {
        lock (_gate)
        {
            var index = _status.Last + 1;
            Volatile.Write(ref _status, _status with { Commit = index, Last = index, Durable = index, Applied = index });
            loop.Apply([new LogEntry(index, _status.Term, EntryKind.Command, data)]);
            return index;
        }
    }

    private static PeerStatus Peer(int member) =>
        new(Members[member], IsVoter: true, Match: 0, Next: 1, ProgressState.Replicate, TimeSpan.FromMilliseconds(50));
}
