using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.Systemd;

namespace Blixard.Node.Fencing;

/// <summary>
/// Runs what keeps this host's lease and its managed VMs for the life of the daemon, where the gate and the fence are
/// installed (docs/decisions/0021-the-fence-on-the-host.md); elsewhere it does nothing but say so.
/// </summary>
internal sealed partial class FencingService(
    GatePaths paths,
    LeaseKeeper keeper,
    GateInstaller installer,
    VmKeeper vms,
    LeaseViewStore leases,
    IQuorumReads reads,
    IProposals proposals,
    TimeProvider time,
    ILogger<FencingService> logger) : BackgroundService
{
    private static readonly TimeSpan LookForInstallation = TimeSpan.FromSeconds(30);

    /// <summary>However often things change, and however often what is tried fails at once.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(200);

    /// <summary>A unit may change without a word to the cluster.</summary>
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _woken = new(0, 1);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private string _problem = "";

    public override void Dispose()
    {
        _woken.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The package makes it (tmpfiles.d); on a host without it no VM starts through a gate.
        while (!Directory.Exists(paths.Kept))
        {
            Tell($"{paths.Kept} is missing: the gate and the fence are not installed on this host");
            await Task.Delay(LookForInstallation, time, stoppingToken);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] loops = [keeper.RunAsync(stop.Token), KeepAsync(stop.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([.. loops, vms.StopAsync()])
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        leases.Changed += Wake;
        vms.Ended += Wake;
        try
        {
            ulong confirmed = 0;
            while (true)
            {
                var next = proposals.NextState;
                try
                {
                    // The first list of a process must not be older than what a majority has.
                    confirmed = confirmed == 0 ? (await reads.ReadAsync(cancellationToken)).Index : confirmed;
                    await LookAsync(cancellationToken);
                    Tell("");
                }
                catch (Exception e) when (e is NoLeaderException or OverloadedException or OutcomeUnknownException
                    or VersionGateException or IOException or UnauthorizedAccessException
                    or SystemdUnavailableException or UnitOperationException or UnitNotFoundException)
                {
                    Tell($"managed VMs can't be kept at the moment: {e.Message}");
                }

                await Task.Delay(LeastPause, time, cancellationToken);
                await WaitAsync(next, cancellationToken);
            }
        }
        finally
        {
            leases.Changed -= Wake;
            vms.Ended -= Wake;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var state = proposals.State;
        GateFiles.EnsureDirectories(paths);
        installer.WriteList(state);
        await installer.PlaceUnitsAsync(state, cancellationToken);
        if (await installer.ProveAsync(state, cancellationToken) is { } gates)
        {
            await proposals.ProposeAsync(new() { GateInstalled = gates }, cancellationToken);
        }

        foreach (var (vm, problem) in installer.Problems)
        {
            TellOf(vm, problem);
        }

        // A fresh process grants nothing by a state that is older than its first acknowledgement (rule 10).
        if (leases.Current.KnownFrom is > 0 and var from && state.Index >= from)
        {
            await vms.LookAsync(state, cancellationToken);
        }
    }

    private async Task WaitAsync(Task next, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(
            next, _woken.WaitAsync(waiting.Token), Task.Delay(LookAtLeastEvery, time, waiting.Token));
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Wake()
    {
        try
        {
            _woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake, or about to be.
        }
    }

    private void TellOf(string vm, string problem)
    {
        if (_told.GetValueOrDefault(vm) != problem)
        {
            _told[vm] = problem;
            LogOpen(vm, problem);
        }
    }

    private void Tell(string problem)
    {
        if (problem != _problem)
        {
            _problem = problem;
            if (problem.Length > 0)
            {
                LogProblem(problem);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Fencing: {Reason}")]
    private partial void LogProblem(string reason);

    [LoggerMessage(LogLevel.Warning, "VM {Vm} is not behind the gate of this host: {Reason}")]
    private partial void LogOpen(string vm, string reason);
}
