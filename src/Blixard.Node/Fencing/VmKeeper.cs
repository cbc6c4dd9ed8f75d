using System.Collections.Concurrent;
using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>Reading the state so that a quorum has confirmed it.</summary>
internal interface IQuorumReads
{
    /// <exception cref="NoLeaderException">Nobody could confirm it.</exception>
    Task<ClusterState> ReadAsync(CancellationToken cancellationToken);
}

internal sealed class QuorumReads(Replica replica) : IQuorumReads
{
    public Task<ClusterState> ReadAsync(CancellationToken cancellationToken) =>
        replica.ReadAsync(Consistency.Linearizable, minIndex: null, cancellationToken);
}

/// <summary>
/// Makes the managed VMs of this host what the state wants of them: granted and running, or revoked and stopped. It
/// looks at the state as it is and at systemd as it is, again and again; nothing is remembered but what is under way.
/// </summary>
internal sealed partial class VmKeeper(
    LeaseSettings settings,
    IProposals proposals,
    IQuorumReads reads,
    GrantStore grants,
    Revocation revocation,
    IUnitManager units,
    IUnitTimers timers,
    LeaseViewStore leases,
    IHostClocks clocks,
    ILogger<VmKeeper> logger)
{
    /// <summary>TimeoutSec= of microvm.nix, and the kill after it.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(180);

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(180);

    /// <summary>What failed is not tried again at once: it may leave an entry in the log each time.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (long Until, string Reason)> _resting = new(StringComparer.Ordinal);

    /// <summary>A job that was under way has ended: it is time to look again. Any thread.</summary>
    public event Action? Ended;

    /// <summary>
    /// One look at all managed VMs; what takes time goes on beside it, one thing at a time for each VM.
    /// </summary>
    public async Task LookAsync(ClusterState state, CancellationToken cancellationToken)
    {
        WithdrawOthers(state);
        foreach (var vm in state.Vms.Values)
        {
            if (vm.Management is null
                || !ManagedVms.IsHere(vm, settings.Node)
                || _underWay.ContainsKey(vm.Name)
                || (_resting.TryGetValue(vm.Name, out var rest) && clocks.BootTime < rest.Until))
            {
                continue;
            }

            try
            {
                if (ManagedVms.MustEnd(vm, settings.Node) || grants.Tombstone(vm.Name) >= vm.Placement!.Generation)
                {
                    Begin(vm.Name, token => EndAsync(vm, token), cancellationToken);
                }
                else
                {
                    await KeepAsync(state, vm, cancellationToken);
                }
            }
            catch (Exception e) when (IsPassing(e))
            {
                // One VM's trouble is no other's.
                Fail(vm.Name, e.Message);
            }
        }
    }

    /// <summary>Waits for what is under way, at the end of the process.</summary>
    public Task StopAsync() => Task.WhenAll(_underWay.Values);

    /// <summary>Whoever is not, or not any more, to run here has no right to start.</summary>
    private void WithdrawOthers(ClusterState state)
    {
        foreach (var vm in grants.Granted())
        {
            if (!state.Vms.TryGetValue(vm, out var known) || !ManagedVms.IsHere(known, settings.Node))
            {
                grants.Withdraw(vm);
            }
        }
    }

    private async Task KeepAsync(ClusterState state, Vm vm, CancellationToken cancellationToken)
    {
        if (ManagedVms.GrantOf(state, vm, settings.Node) is not { } grant)
        {
            return;
        }

        if (grants.Find(vm.Name) != grant)
        {
            // What is granted must be so still, as a majority has it: this replica may be behind.
            var confirmed = await reads.ReadAsync(cancellationToken);
            if (!confirmed.Vms.TryGetValue(vm.Name, out var now)
                || ManagedVms.GrantOf(confirmed, now, settings.Node) != grant)
            {
                return;
            }

            grants.Issue(grant);
            LogGranted(vm.Name, grant.Generation, GrantStore.Word(grant.Policy));
        }

        var unit = Revocation.UnitsOf(vm.Name)[0];
        var launch = await timers.GetLaunchAsync(unit, cancellationToken);
        if (launch.ActiveState is "inactive" or "failed" && !launch.HasJob)
        {
            if (MayStart(state, vm, grant)
                && GateCheck.Refuse(launch, vm.Name, ManagedVms.WantsStrictSlice(vm)) is null)
            {
                Begin(vm.Name, token => StartAsync(vm.Name, unit, token), cancellationToken);
            }
        }
        else if (vm.Policy == FailoverPolicy.Strict && !vm.Placement!.IsGated && IsInStrictSlice(launch))
        {
            var result = await proposals.ProposeAsync(
                new()
                {
                    ReportGated = new()
                    {
                        Vm = vm.Name,
                        Generation = grant.Generation,
                        Node = settings.Node,
                        Epoch = grant.Epoch,
                        BootId = settings.BootId,
                    },
                },
                cancellationToken);
            if (result is Rejected rejected)
            {
                Fail(vm.Name, rejected.Detail);
            }
        }

        if (vm.Operation is { IsPending: true, Kind: OperationKind.Restart } restart
            && restart.Generation == grant.Generation && MayStart(state, vm, grant))
        {
            Begin(vm.Name, token => RestartAsync(vm.Name, unit, restart.Index, token), cancellationToken);
        }
    }

    /// <summary>Past the soft point nothing new is started under a lease (docs/failover.md, rule 5).</summary>
    private bool MayStart(ClusterState state, Vm vm, Grant grant)
    {
        if (grant.Policy != GatePolicy.Strict)
        {
            return true;
        }

        var now = clocks.BootTime;
        var soft = state.Terms.Profile.SoftMs * 1000;
        return leases.Current.Current is { } lease
            && lease.Epoch == grant.Epoch
            && now < lease.Deadline
            && (soft == 0 || now - lease.SentAt < soft)
            && Gates.IsCurrent(vm.Management!, state.Nodes[settings.Node]);
    }

    private static bool IsInStrictSlice(LaunchDetails launch) =>
        launch.ActiveState == "active"
        && launch.ControlGroup?.StartsWith("/blixard.slice/blixard-strict.slice/", StringComparison.Ordinal) == true;

    private async Task StartAsync(string vm, string unit, CancellationToken cancellationToken)
    {
        LogStarting(vm);
        await units.StartAsync(unit, StartLimit, cancellationToken);
    }

    private async Task RestartAsync(string vm, string unit, ulong operation, CancellationToken cancellationToken)
    {
        LogRestarting(vm);
        await units.RestartAsync(unit, StartLimit, cancellationToken);
        await SettleAsync(vm, operation, cancellationToken);
    }

    /// <summary>
    /// The generation ends here for good; the cluster is told what this process has proven, with the epoch of now. Told
    /// again for as long as the state does not have it: the tombstone remembers.
    /// </summary>
    private async Task EndAsync(Vm vm, CancellationToken cancellationToken)
    {
        var generation = vm.Placement!.Generation;
        LogEnding(vm.Name, generation);
        if (vm.Operation is { IsPending: true, Kind: OperationKind.Kill })
        {
            grants.GiveUp(vm.Name, generation);
            await revocation.KillAsync(vm.Name, cancellationToken);
        }

        await revocation.StopAsync(vm.Name, generation, StopLimit, cancellationToken);
        if (!proposals.State.Nodes.TryGetValue(settings.Node, out var self))
        {
            return;
        }

        var result = await proposals.ProposeAsync(
            new()
            {
                ReportStopped = new()
                {
                    Vm = vm.Name,
                    Generation = generation,
                    Node = settings.Node,
                    Epoch = self.Lease.Epoch,
                    BootId = settings.BootId,
                },
            },
            cancellationToken);
        if (result is Rejected rejected)
        {
            throw new NotStoppedException(rejected.Detail);
        }

        if (vm.Operation is { IsPending: true, Kind: OperationKind.Stop or OperationKind.Kill } operation)
        {
            await SettleAsync(vm.Name, operation.Index, cancellationToken);
        }
    }

    private Task<CommandResult> SettleAsync(string vm, ulong operation, CancellationToken cancellationToken) =>
        proposals.ProposeAsync(
            new() { SettleOperation = new() { Vm = vm, Operation = operation } }, cancellationToken);

    private void Begin(string vm, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_underWay.TryAdd(vm, done.Task))
        {
            _ = RunAsync(vm, work, done, cancellationToken);
        }
    }

    private async Task RunAsync(
        string vm, Func<CancellationToken, Task> work, TaskCompletionSource done, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Yield();
            await work(cancellationToken);
            _resting.TryRemove(vm, out _);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The daemon ends; what is under way in systemd goes on.
        }
        catch (Exception e) when (IsPassing(e))
        {
            Fail(vm, e.Message);
        }
        finally
        {
            _underWay.TryRemove(vm, out _);
            done.SetResult();
            Ended?.Invoke();
        }
    }

    /// <summary>Told once for each reason.</summary>
    private void Fail(string vm, string reason)
    {
        if (_resting.GetValueOrDefault(vm).Reason != reason)
        {
            LogNotYet(vm, reason);
        }

        _resting[vm] = (clocks.BootTime + (long)Rest.TotalMicroseconds, reason);
    }

    /// <summary>What the next look may find otherwise.</summary>
    private static bool IsPassing(Exception e) =>
        e is SystemdUnavailableException or UnitOperationException or UnitNotFoundException or TimeoutException
            or NotStoppedException or IOException or UnauthorizedAccessException or NoLeaderException or OverloadedException
            or VersionGateException or OutcomeUnknownException or InvalidOperationException;

    [LoggerMessage(LogLevel.Information, "VM {Vm} may run here in generation {Generation} ({Policy})")]
    private partial void LogGranted(string vm, ulong generation, string policy);

    [LoggerMessage(LogLevel.Information, "VM {Vm} is started: the cluster wants it to run here")]
    private partial void LogStarting(string vm);

    [LoggerMessage(LogLevel.Information, "VM {Vm} is restarted, as asked")]
    private partial void LogRestarting(string vm);

    [LoggerMessage(
        LogLevel.Information, "VM {Vm} ends here in generation {Generation}: it is to be stopped, or elsewhere")]
    private partial void LogEnding(string vm, ulong generation);

    [LoggerMessage(LogLevel.Warning, "VM {Vm} is not what the cluster wants yet: {Reason}")]
    private partial void LogNotYet(string vm, string reason);
}
