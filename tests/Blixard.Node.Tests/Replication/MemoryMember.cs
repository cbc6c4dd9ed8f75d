using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Replication;

/// <summary>
/// One member of a <see cref="MemoryCluster"/>, with all of the product's replication above the engine.
/// </summary>
internal sealed class MemoryMember : IRaftEngine, IDisposable
{
    private readonly MemoryCluster _cluster;
    private readonly AppliedState _applied = new();
    private readonly ApplyLoop _loop;
    private readonly SessionKeeper _sessions;
    private int _given;

    public MemoryMember(MemoryCluster cluster, string name, MemberId id, TimeProvider time)
    {
        (_cluster, Name, Id) = (cluster, name, id);
        SeenByLeader = new(id, true, Match: 1, Next: 2, ProgressState.Replicate, TimeSpan.Zero);
        _loop = new ApplyLoop(_applied, Feed, Events);
        Replica = new Replica(_applied, Feed, this, time);
        _sessions = new SessionKeeper(this, Events, name, time, NullLogger<SessionKeeper>.Instance);
        Proposer = new Proposer(this, _sessions, Events, _applied, name, time);
    }

    public string Name { get; }

    public MemberId Id { get; }

    public ReplicationEvents Events { get; } = new();

    public ChangeFeed Feed { get; } = new();

    public Replica Replica { get; }

    public Proposer Proposer { get; }

    /// <summary>As the leader reports it.</summary>
    public PeerStatus SeenByLeader { get; set; }

    /// <summary>What it registers with; 0, as a daemon of before there was a version.</summary>
    public uint ClusterVersion { get; set; }

    public bool LosesForwards { get; set; }

    public bool IsOverloaded { get; set; }

    /// <summary>What is forwarded from here is refused by the leader with this.</summary>
    public ProposeStatus? RefusedByLeader { get; set; }

    public bool IsCut { get; private set; }

    public int Proposals { get; private set; }

    /// <summary>Its own disk is nearly full.</summary>
    public bool IsFull { get; set; }

    public RaftStatus Status => _cluster.StatusOf(this) with { StorageLow = IsFull };

    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        Proposals++;
        return Task.FromResult(_cluster.Propose(this, command, null));
    }

    public void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer)
    {
        Proposals++;
        if (RefusedByLeader is { } status)
        {
            // On its way, and the leader's answer comes back.
            answer.Handed(new(ProposeStatus.Forwarded, 0, 0));
            answer.Refused(status);
            return;
        }

        answer.Handed(_cluster.Propose(this, command, null));
    }

    public Task<ProposeResult> ProposeAsLeaderAsync(
        ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken) =>
        Task.FromResult(_cluster.Propose(this, command, term));

    public Task<ulong> ReadIndexAsync(CancellationToken cancellationToken) => _cluster.ReadIndex(this) is { } index
        ? Task.FromResult(index)
        : Task.FromException<ulong>(new NoLeaderException("no leader confirmed the read in time"));

    public Task<ReadOnlyMemory<byte>> AskLeaderAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken) =>
        throw new NoLeaderException("nobody is asked here");

    public Task<MembershipResult> ChangeMembersAsync(
        Configuration target, ulong onlyInTerm, CancellationToken cancellationToken) =>
        Task.FromResult(_cluster.Change(this, target, onlyInTerm));

    public Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken) =>
        Task.FromResult(_cluster.Transfer(this, target));

    public void Cut()
    {
        IsCut = true;
        Events.OnLeaderChanged(Status);
    }

    public void Heal()
    {
        IsCut = false;
        _cluster.CatchUp(this);
        Events.OnLeaderChanged(Status);
    }

    /// <summary>Heals by a snapshot of another member: what it covers is never applied here one by one.</summary>
    public void HealFromSnapshotOf(MemoryMember other)
    {
        using var stream = new MemoryStream();
        other._loop.CaptureSnapshot()(stream);
        stream.Position = 0;
        var state = other.Replica.State;
        _loop.Restore(new(state.Index, state.Term, Configuration.Empty), stream);
        _given = (int)state.Index;
        Heal();
    }

    /// <summary>A command that changes the state, distinct for each <paramref name="vm"/>.</summary>
    public Command Register(string vm) => Command.Of(new RegisterVM
    {
        Vm = vm,
        Uuid = "00000000-0000-4000-8000-000000000001",
        Node = Name,
        Unit = $"microvm@{vm}.service",
    });

    public RegisterNode Describe() => new()
    {
        Node = Name,
        MemberId = Id.Value,
        BootId = "boot-1",
        ApiAddress = $"{Name}:7480",
        RaftAddress = $"{Name}:7481",
        Version = "0.1.0",
        Cpus = 4,
        MemoryBytes = 1UL << 32,
        ClusterVersion = ClusterVersion,
    };

    public void Dispose()
    {
        Proposer.Dispose();
        _sessions.Dispose();
    }

    internal void Apply(List<LogEntry> log)
    {
        if (_given < log.Count)
        {
            var entries = log[_given..];
            _given = log.Count;
            _loop.Apply(entries);
        }
    }
}
