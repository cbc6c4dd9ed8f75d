using System.Diagnostics;
using System.Globalization;
using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>A renewal that gave no lease: the one before it goes on, to its own deadline.</summary>
internal sealed class LeaseNotArmedException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>
/// The dead-man's switch: PID 1 kills this host's strict VMs at the deadline of the lease, whatever this process does
/// by then. Each granted renewal makes a new timer with an absolute deadline; only when systemd has said that it will
/// elapse
/// then does the lease file follow, and only then do the other timers go (docs/failover.md). Used by one loop.
/// </summary>
/// <remarks>
/// A relative timer would not do: a daemon-reload counts it anew, and so does a restart of it. Two timers are the safe
/// side, and a deadline that is past elapses at once.
/// </remarks>
internal sealed class DeadMan(
    IUnitTimers timers, IUnitManager units, IHostClocks clocks, LeaseFile file, FenceMetrics metrics)
{
    /// <summary>How far systemd's word may be from the deadline that was asked for.</summary>
    public const long ToleranceMicroseconds = 100_000;

    /// <summary>By how much a timer may elapse late: part of K.</summary>
    private const ulong AccuracyMicroseconds = 50_000;

    private const string Prefix = "blixard-fence@";
    private const string Pattern = "blixard-fence@*.timer";

    // Never elapses, and would start nothing but a canary.
    private const string Probe = "blixard-canary.timer";
    private const long ProbeMicroseconds = 3_600_000_000;

    private static readonly TimeSpan JobTimeout = TimeSpan.FromSeconds(5);

    private ulong? _base;
    private Lease? _current;

    /// <summary>The lease that holds; null before the first of this process.</summary>
    public Lease? Current => Volatile.Read(ref _current);

    public static string TimerOf(string instance) => $"{Prefix}{instance}.timer";

    public static string ServiceOf(string instance) => $"{Prefix}{instance}.service";

    /// <summary>
    /// Arms and confirms the deadline of a renewal, makes it the lease, and stops every other fence timer that systemd
    /// has, of whichever process.
    /// </summary>
    /// <param name="lease">What the leader has granted: <c>t_s</c> and <c>t_s + T</c>.</param>
    /// <param name="cancellationToken">Ends it between two steps; the lease before goes on.</param>
    /// <exception cref="LeaseNotArmedException">
    /// It is late, not newer than the current one, or systemd does not confirm it: the renewal counts as lost.
    /// </exception>
    public async Task RenewAsync(Lease lease, CancellationToken cancellationToken)
    {
        if (_current is { } current && lease.SentAt <= current.SentAt)
        {
            throw new LeaseNotArmedException("the answer is not newer than the one before it");
        }

        var instance = lease.SentAt.ToString(CultureInfo.InvariantCulture);
        var started = Stopwatch.GetTimestamp();
        await ArmAsync(instance, lease.Deadline, cancellationToken);
        metrics.Armed(Stopwatch.GetElapsedTime(started));

        // The rename is the moment from which the gate goes by it.
        try
        {
            file.Replace(lease);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LeaseNotArmedException($"the lease cannot be written: {e.Message}", e);
        }

        Volatile.Write(ref _current, lease);
        await SweepAsync(instance, cancellationToken);
    }

    /// <summary>
    /// Makes a timer that starts <c>blixard-fence@INSTANCE.service</c> at the deadline, and has systemd confirm it.
    /// </summary>
    /// <param name="deadline">CLOCK_BOOTTIME microseconds.</param>
    /// <exception cref="LeaseNotArmedException">It is past, or not confirmed. The timer may be there all the
    /// same.</exception>
    public async Task ArmAsync(string instance, long deadline, CancellationToken cancellationToken)
    {
        try
        {
            var origin = _base ??= await FindBaseAsync(cancellationToken);

            // In this order: what passes between the two readings makes the deadline earlier.
            var monotonic = clocks.Monotonic;
            var left = deadline - clocks.BootTime;
            if (left <= 0)
            {
                throw new LeaseNotArmedException("the answer came after its own deadline");
            }

            var due = (ulong)(monotonic + left);
            var timer = TimerOf(instance);
            await timers.StartTimerAsync(
                new(timer, due - Math.Min(origin, due), AccuracyMicroseconds), cancellationToken);
            await ConfirmAsync(timer, ServiceOf(instance), due, cancellationToken);
        }
        catch (Exception e) when (IsSystemds(e))
        {
            throw new LeaseNotArmedException($"systemd has not armed the deadline: {e.Message}", e);
        }
    }

    /// <summary>
    /// Whether systemd counts OnBootSec= from 0, as on a host, or from its own start, as in a container: read off a
    /// timer that never elapses.
    /// </summary>
    private async Task<ulong> FindBaseAsync(CancellationToken cancellationToken)
    {
        // One that a predecessor left behind.
        await StopAsync(Probe, cancellationToken);
        var asked = (ulong)(clocks.Monotonic + ProbeMicroseconds);
        await timers.StartTimerAsync(new(Probe, asked, AccuracyMicroseconds), cancellationToken);
        var said = (await timers.GetTimerAsync(Probe, cancellationToken)).NextElapseMonotonic;
        await StopAsync(Probe, cancellationToken);
        var start = await timers.GetUserspaceStartAsync(cancellationToken);
        return said == asked ? 0
            : said == asked + start ? start
            : throw new LeaseNotArmedException(
                $"systemd elapses at {said} what was to elapse at {asked}, and began at {start}: its timers can't be "
                    + "relied on");
    }

    private async Task ConfirmAsync(string timer, string service, ulong due, CancellationToken cancellationToken)
    {
        var armed = await timers.GetTimerAsync(timer, cancellationToken);
        if (armed.ActiveState != "active" || armed.NextElapseMonotonic is not { } next)
        {
            throw new LeaseNotArmedException($"{timer} is {armed.ActiveState} ({armed.SubState}) and does not elapse");
        }

        if (Math.Abs((long)(next - due)) > ToleranceMicroseconds)
        {
            throw new LeaseNotArmedException($"{timer} elapses at {next} instead of {due}");
        }

        if (armed.Unit != service)
        {
            throw new LeaseNotArmedException($"{timer} starts {armed.Unit}");
        }

        var fence = await timers.GetLaunchAsync(service, cancellationToken);
        if (fence.LoadState != "loaded")
        {
            throw new LeaseNotArmedException($"{service} is {fence.LoadState}");
        }
    }

    /// <summary>
    /// Stops the timers of all other deadlines. One that is left kills healthy VMs at an earlier deadline, which is the
    /// safe side, and the next renewal tries again.
    /// </summary>
    private async Task SweepAsync(string instance, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var unit in await units.ListUnitsByPatternsAsync([Pattern], cancellationToken))
            {
                if (unit.Name != TimerOf(instance) && IsDeadline(unit.Name))
                {
                    await StopAsync(unit.Name, cancellationToken);
                }
            }
        }
        catch (Exception e) when (IsSystemds(e))
        {
            metrics.SweepFailed();
        }
    }

    private async Task StopAsync(string timer, CancellationToken cancellationToken)
    {
        try
        {
            await units.StopAsync(timer, JobTimeout, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            // It was gone already.
        }
    }

    /// <summary>A number stands for a deadline; another name is the canary's.</summary>
    private static bool IsDeadline(string timer) =>
        timer[Prefix.Length..^".timer".Length] is { Length: > 0 } instance && instance.All(char.IsAsciiDigit);

    private static bool IsSystemds(Exception e) =>
        e is SystemdUnavailableException or UnitOperationException or UnitNotFoundException or TimeoutException;
}
