using System.Diagnostics;
using Blixard.Node.Identity;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Makes this node known to the cluster: once at every start, and whenever the replicated state does not say of it what
/// is so.
/// </summary>
/// <param name="self">What this node is; complete, the same for the life of the process.</param>
internal sealed partial class NodeRegistration : BackgroundService
{
    /// <summary>After a refusal, which only another configuration or another node can lift.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly RegisterNode _self;
    private readonly Replica _replica;
    private readonly Proposer _proposer;
    private readonly ReplicationEvents _events;
    private readonly Newcomer _newcomer;
    private readonly TimeProvider _time;
    private readonly ILogger<NodeRegistration> _log;

    // What the state says of this node is another thing now. Not every new state: there may be thousands in a second.
    private readonly Pulse _news = new();

    public NodeRegistration(
        RegisterNode self,
        Replica replica,
        Proposer proposer,
        ReplicationEvents events,
        Newcomer newcomer,
        TimeProvider time,
        ILogger<NodeRegistration> log)
    {
        (_self, _replica, _proposer, _events, _newcomer, _time, _log) =
            (self, replica, proposer, events, newcomer, time, log);
        events.Applied += OnApplied;
        events.Restored += OnRestored;
    }

    public override void Dispose()
    {
        _events.Applied -= OnApplied;
        _events.Restored -= OnRestored;
        base.Dispose();
    }

    /// <exception cref="IdentityException">This node has lost its disk and got its old id again: the daemon ends.</exception>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await await Task.WhenAny(KeepKnownAsync(stoppingToken), _newcomer.Fate);

    private async Task KeepKnownAsync(CancellationToken stoppingToken)
    {
        try
        {
            await SettleAsync(stoppingToken);

            // What is applied here at the start may be old: the first time it is proposed whatever the state says.
            while (!await RegisterAsync(stoppingToken))
            {
                await Task.Delay(RetryAfter, _time, stoppingToken);
            }

            while (true)
            {
                var news = _news.Next;
                if (!IsKnown(_replica.State) && !await RegisterAsync(stoppingToken))
                {
                    await Task.Delay(RetryAfter, _time, stoppingToken);
                    continue;
                }

                await news.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>
    /// Before it registers for the first time: does the cluster, as its leader knows it, have it already? Then somebody
    /// with this id was here before.
    /// </summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        while (_newcomer.IsNew)
        {
            try
            {
                var state = await _replica.ReadAsync(Consistency.Linearizable, minIndex: null, cancellationToken);
                if (state.Nodes.Values.Any(node => node.MemberId == _self.MemberId && node.HasJoined))
                {
                    _newcomer.Lost(_self.Node);
                    await _newcomer.Fate.WaitAsync(cancellationToken);
                }

                _newcomer.Settle();
            }
            catch (NoLeaderException e)
            {
                LogNotYet(_self.Node, e.Message);
                await Task.Delay(Proposer.RetryAfter, _time, cancellationToken);
            }
        }
    }

    private bool IsKnown(ClusterState state) =>
        state.Nodes.TryGetValue(_self.Node, out var node)
        && node.MemberId == _self.MemberId
        && node.BootId == _self.BootId
        && node.ApiAddress == _self.ApiAddress
        && node.RaftAddress == _self.RaftAddress
        && node.Version == _self.Version
        && node.ClusterVersion == _self.ClusterVersion
        && node.Cpus == _self.Cpus
        && node.MemoryBytes == _self.MemoryBytes
        && node.Labels.Count == _self.Labels.Count
        && _self.Labels.All(label => node.Labels.TryGetValue(label.Key, out var value) && value == label.Value);

    /// <summary>False: refused.</summary>
    private async Task<bool> RegisterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                switch (await _proposer.ProposeAsync(Command.Of(_self.Clone()), cancellationToken))
                {
                    case Applied applied:
                        LogRegistered(_self.Node, applied.Index);
                        return true;
                    case Rejected rejected:
                        LogRefused(_self.Node, rejected.Detail);
                        return false;
                    default:
                        throw new UnreachableException();
                }
            }
            catch (Exception e) when (e is NoLeaderException or OutcomeUnknownException or OverloadedException)
            {
                // Registering twice is the same as once; the deadline of the proposal was pause enough.
                LogNotYet(_self.Node, e.Message);
                await Task.Delay(Proposer.RetryAfter, _time, cancellationToken);
            }
        }
    }

    private void OnApplied(ApplyOutcome outcome)
    {
        foreach (var change in outcome.Changes)
        {
            if (change.Entity == EntityKind.Node && change.Name == _self.Node)
            {
                _news.Fire();
                return;
            }
        }
    }

    private void OnRestored(ClusterState state) => _news.Fire();

    [LoggerMessage(LogLevel.Information, "Node {Node} is registered at index {Index}")]
    private partial void LogRegistered(string node, ulong index);

    [LoggerMessage(LogLevel.Error, "The cluster refuses node {Node}: {Reason}")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(LogLevel.Warning, "Node {Node} is not registered yet: {Reason}")]
    private partial void LogNotYet(string node, string reason);
}
