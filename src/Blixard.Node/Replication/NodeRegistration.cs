using System.Diagnostics;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Makes this node known to the cluster: once at every start, and whenever the replicated state does not say of it what
/// is so.
/// </summary>
/// <param name="self">What this node is; complete, the same for the life of the process.</param>
internal sealed partial class NodeRegistration(
    RegisterNode self, Replica replica, Proposer proposer, TimeProvider time, ILogger<NodeRegistration> log)
    : BackgroundService
{
    /// <summary>After a refusal, which only another configuration or another node can lift.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // What is applied here at the start may be old: the first time it is proposed whatever the state says.
            while (!await RegisterAsync(stoppingToken))
            {
                await Task.Delay(RetryAfter, time, stoppingToken);
            }

            while (true)
            {
                var nextState = replica.NextState;
                if (!IsKnown(replica.State) && !await RegisterAsync(stoppingToken))
                {
                    await Task.Delay(RetryAfter, time, stoppingToken);
                    continue;
                }

                await nextState.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private bool IsKnown(ClusterState state) =>
        state.Nodes.TryGetValue(self.Node, out var node)
        && node.MemberId == self.MemberId
        && node.BootId == self.BootId
        && node.ApiAddress == self.ApiAddress
        && node.RaftAddress == self.RaftAddress
        && node.Version == self.Version
        && node.ClusterVersion == self.ClusterVersion
        && node.Cpus == self.Cpus
        && node.MemoryBytes == self.MemoryBytes
        && node.Labels.Count == self.Labels.Count
        && self.Labels.All(label => node.Labels.TryGetValue(label.Key, out var value) && value == label.Value);

    /// <summary>False: refused.</summary>
    private async Task<bool> RegisterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                switch (await proposer.ProposeAsync(Command.Of(self.Clone()), cancellationToken))
                {
                    case Applied applied:
                        LogRegistered(self.Node, applied.Index);
                        return true;
                    case Rejected rejected:
                        LogRefused(self.Node, rejected.Detail);
                        return false;
                    default:
                        throw new UnreachableException();
                }
            }
            catch (Exception e) when (e is NoLeaderException or OutcomeUnknownException or OverloadedException)
            {
                // Registering twice is the same as once; the deadline of the proposal was pause enough.
                LogNotYet(self.Node, e.Message);
                await Task.Delay(Proposer.RetryAfter, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Node {Node} is registered at index {Index}")]
    private partial void LogRegistered(string node, ulong index);

    [LoggerMessage(LogLevel.Error, "The cluster refuses node {Node}: {Reason}")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(LogLevel.Warning, "Node {Node} is not registered yet: {Reason}")]
    private partial void LogNotYet(string node, string reason);
}
