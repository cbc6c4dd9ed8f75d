using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Node.Replication;

/// <summary>The engine of this process, and its word on leadership passed on.</summary>
internal sealed class HostedEngine : IRaftEngine, IDisposable
{
    private readonly RaftHost _host;
    private readonly ReplicationEvents _events;

    public HostedEngine(RaftHost host, ReplicationEvents events)
    {
        (_host, _events) = (host, events);
        host.LeadershipChanged += events.OnLeaderChanged;
    }

    public RaftStatus Status => _host.Status;

    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        _host.ProposeAsync(command, cancellationToken);

    public void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer) => _host.Propose(command, answer);

    public Task<ProposeResult> ProposeAsLeaderAsync(
        ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken) =>
        _host.ProposeAsLeaderAsync(command, term, cancellationToken);

    public Task<ulong> ReadIndexAsync(CancellationToken cancellationToken) => _host.ReadIndexAsync(cancellationToken);

    public Task<ReadOnlyMemory<byte>> AskLeaderAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken) =>
        _host.AskLeaderAsync(question, via, cancellationToken);

    public Task<MembershipResult> ChangeMembersAsync(
        Configuration target, ulong onlyInTerm, CancellationToken cancellationToken) =>
        _host.ChangeMembersAsync(target, onlyInTerm, cancellationToken);

    public Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken) =>
        _host.TransferLeadershipAsync(target, cancellationToken);

    public void Dispose() => _host.LeadershipChanged -= _events.OnLeaderChanged;
}
