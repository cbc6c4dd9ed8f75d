using System.Globalization;
using Blixard.Client.Contracts;
using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.Systemd.Notify;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Hosting;

/// <summary>
/// Tells systemd how this node does: ready once it answers, a line for <c>systemctl status</c>, and the watchdog for as
/// long as the engine's loop and the agent's turn and what is committed gets applied. Reads the configuration anew when
/// asked to, once it was ready.
/// </summary>
internal sealed class ServiceStatus(
    ServiceNotifier notifier,
    RaftHost host,
    Replica replica,
    ApiListeners listeners,
    Removal removal,
    AgentLoop agent,
    AgentViewStore views,
    Reload reload,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(5);

    private readonly Progress _progress = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken);
            listeners.GuardSocket();
            await TakesPartAsync(stoppingToken);
            notifier.Ready(Describe());
            var interval = notifier.WatchdogInterval is { } watchdog && watchdog / 4 < TellEvery ? watchdog / 4 : TellEvery;
            using var turn = new PeriodicTimer(interval, time);
            var (look, asked) = (turn.WaitForNextTickAsync(stoppingToken).AsTask(), reload.AskedAsync(stoppingToken));
            while (true)
            {
                if (await Task.WhenAny(look, asked) == asked)
                {
                    await asked;
                    notifier.Reloading("reading the configuration");
                    reload.Run();
                    notifier.Ready(Describe());
                    asked = reload.AskedAsync(stoppingToken);
                    continue;
                }

                await look;
                notifier.Status(Describe());

                // Both are asked each time: what one of them says counts from its last look.
                if (_progress.Turned(host.Ticks, host.Status) & agent.Turned())
                {
                    notifier.Watchdog();
                }

                look = turn.WaitForNextTickAsync(stoppingToken).AsTask();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            notifier.Stopping("stopping");
        }
    }

    /// <summary>The API listens.</summary>
    private async Task StartedAsync(CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// A node that is alone leads and has applied its own first entry. A member among others has recovered its log, and that
    /// was done before anything started: it must not wait for the others, which may wait for it.
    /// </summary>
    private async Task TakesPartAsync(CancellationToken cancellationToken)
    {
        using var turn = new PeriodicTimer(LookEvery, time);
        while (IsAlone && !(host.Status.CanServe && replica.State.Term == host.Status.Term))
        {
            await turn.WaitForNextTickAsync(cancellationToken);
        }
    }

    private bool IsAlone => host.Status is var status
        && status.Configuration.Members.Count() == 1 && status.Configuration.IsVoter(status.Self);

    private string Describe()
    {
        if (removal.IsRemoved)
        {
            return "removed from the cluster: takes no part, see the log";
        }

        var (status, state) = (host.Status, replica.State);
        var leader = status.Leader.IsNone ? "no leader"
            : status.IsLeader ? "leader"
            : $"follower of {state.Nodes.Values.FirstOrDefault(node => node.MemberId == status.Leader.Value)?.Name
                ?? status.Leader.ToString()}";
        var view = views.Current;
        var here = view.StaleSince is { } since
            ? $"systemd out of reach since {UtcInstantConverter.Text(since)}"
            : $"{view.Vms.Values.Count(vm => vm.State == VmState.Running)} of {view.Vms.Count} VMs of this host run";
        var refused = reload.WasRefused ? "; the changed configuration is refused, see the log" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{leader}, term {status.Term}, index {state.Index}; {state.Nodes.Count} nodes, {state.Vms.Count} VMs; "
                + $"{here}{refused}");
    }
}
