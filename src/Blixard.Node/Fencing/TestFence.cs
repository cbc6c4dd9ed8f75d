using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>The fence does not work on this host, and why.</summary>
internal sealed class FenceBrokenException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>What a fence on this host can be relied on for.</summary>
/// <param name="KillBudget">K: by then after the deadline every strict VM is dead, or the host is being reset.</param>
internal sealed record FenceAbility(TimeSpan KillBudget);

/// <summary>
/// Tries the fence at each boot, before the first renewal: the real timer, service and program kill a canary in a
/// slice of
/// its own. Nothing is reset if that fails (blixard-fence@canary.service.d), but this host then runs no strict VM.
/// </summary>
internal sealed class TestFence(
    DeadMan deadMan,
    IUnitTimers timers,
    IUnitManager units,
    IHostClocks clocks,
    GatePaths paths,
    FenceTried tried,
    FenceMetrics metrics,
    TimeProvider time)
{
    private const string Instance = "canary";
    private const string Canary = "blixard-canary.service";

    /// <summary>Any: what the drop-ins of one instance do, those of another don't.</summary>
    private const string AnyDeadline = "0";

    private const string Reset = "reboot-immediate";

    /// <summary>Far enough for the deadline to be armed and confirmed before it comes.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan JobTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Kills a canary, if none has died in this boot, and reads from the fence's unit how long it may take: a process
    /// that is started again within its lease has no second to lose.
    /// </summary>
    /// <exception cref="FenceBrokenException">It did not die, or the unit would not reset the host.</exception>
    public async Task<FenceAbility> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ability = await ReadUnitAsync(cancellationToken);
            if (!tried.IsOfThisBoot)
            {
                await KillCanaryAsync(ability.KillBudget, cancellationToken);
                tried.Note();
            }

            return ability;
        }
        catch (Exception e) when (e is SystemdUnavailableException or UnitOperationException or UnitNotFoundException
            or TimeoutException or LeaseNotArmedException or IOException or UnauthorizedAccessException)
        {
            throw new FenceBrokenException(e.Message, e);
        }
    }

    private async Task<FenceAbility> ReadUnitAsync(CancellationToken cancellationToken)
    {
        var name = DeadMan.ServiceOf(AnyDeadline);
        var fence = await timers.GetLaunchAsync(name, cancellationToken);
        if (fence.LoadState != "loaded")
        {
            throw new FenceBrokenException($"{name} is {fence.LoadState}");
        }

        if (fence.JobRunningTimeoutMicroseconds is not { } limit)
        {
            throw new FenceBrokenException($"{name} has no limit of time (JobRunningTimeoutSec=)");
        }

        if ((fence.JobTimeoutAction, fence.FailureAction) != (Reset, Reset))
        {
            throw new FenceBrokenException(
                $"{name} does not reset the host when it fails (FailureAction={fence.FailureAction}, "
                    + $"JobTimeoutAction={fence.JobTimeoutAction})");
        }

        return new(TimeSpan.FromMicroseconds(limit) + TimeSpan.FromSeconds(1));
    }

    private async Task KillCanaryAsync(TimeSpan budget, CancellationToken cancellationToken)
    {
        await ForgetAsync(DeadMan.TimerOf(Instance), cancellationToken);
        await units.StartAsync(Canary, JobTimeout, cancellationToken);
        GateFiles.Replace(paths.Canary, "");
        var deadline = clocks.BootTime + (long)Ahead.TotalMicroseconds;
        await deadMan.ArmAsync(Instance, deadline, cancellationToken);
        while (true)
        {
            var canary = await timers.GetLaunchAsync(Canary, cancellationToken);
            var now = clocks.BootTime;
            if (canary.ActiveState is "inactive" or "failed")
            {
                if (now < deadline || File.Exists(paths.Canary))
                {
                    throw new FenceBrokenException("the canary died, and not by the fence");
                }

                metrics.Tried(TimeSpan.FromMicroseconds(now - deadline));

                // It has elapsed, and stays until somebody stops it.
                await ForgetAsync(DeadMan.TimerOf(Instance), cancellationToken);
                return;
            }

            if (now > deadline + (long)budget.TotalMicroseconds)
            {
                throw new FenceBrokenException(
                    $"the canary still lives {budget.TotalSeconds:0.#} s after its deadline: see the journal of "
                        + DeadMan.ServiceOf(Instance));
            }

            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    private async Task ForgetAsync(string timer, CancellationToken cancellationToken)
    {
        try
        {
            await units.StopAsync(timer, JobTimeout, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            // There was none.
        }
    }
}

/// <summary>That the fence has killed a canary in this boot, for the next process.</summary>
internal sealed class FenceTried(GatePaths paths, string bootId)
{
    private const string Kind = "tried";

    public bool IsOfThisBoot => GateFiles.Read(paths.Tried, Kind)?.GetValueOrDefault("boot") == bootId;

    public void Note() => GateFiles.Replace(paths.Tried, GateFiles.Format(Kind, ("boot", bootId)));
}
