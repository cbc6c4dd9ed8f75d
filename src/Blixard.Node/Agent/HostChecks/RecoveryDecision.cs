using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>What there is to be done for a VM that may not be well.</summary>
internal enum RecoveryStep
{
    Nothing,

    /// <summary>A restart is begun: it is recorded first, and done once the record is replicated.</summary>
    Begin,

    /// <summary>As many restarts as are allowed did not help.</summary>
    GiveUp,

    /// <summary>It has been well for long: what was done for it is over.</summary>
    Forget,
}

/// <summary>
/// When is a VM restarted by its host? Pure: what is known and since when, in; one step, out. The delay before the next
/// restart doubles from 5 s to 300 s; ten minutes of health end the count.
/// </summary>
internal static class RecoveryDecision
{
    public static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(300);
    public static readonly TimeSpan WellFor = TimeSpan.FromMinutes(10);

    /// <param name="policy">Of the VM.</param>
    /// <param name="record">What was done so far; null: nothing.</param>
    /// <param name="status">As the cluster sees it.</param>
    /// <param name="statusFor">How long it has been that bad, or that well.</param>
    /// <param name="now">By this host's clock.</param>
    public static RecoveryStep Of(
        VmHealthPolicy policy, RecoveryRecord? record, HealthStatus status, TimeSpan statusFor, DateTimeOffset now)
    {
        if (!IsBad(status))
        {
            return record is not null && IsWell(status) && statusFor >= WellFor
                ? RecoveryStep.Forget
                : RecoveryStep.Nothing;
        }

        // One that has given up goes on where its policy allows more.
        if (policy.Recovery != RecoveryAction.Restart
            || (record is { Exhausted: true } && record.Attempts >= policy.RecoveryLimit)
            || statusFor < TimeSpan.FromSeconds(policy.RecoveryAfterSeconds))
        {
            return RecoveryStep.Nothing;
        }

        if (record is not null && now < DateTimeOffset.FromUnixTimeMilliseconds(record.Next))
        {
            return RecoveryStep.Nothing;
        }

        return record?.Attempts >= policy.RecoveryLimit ? RecoveryStep.GiveUp : RecoveryStep.Begin;
    }

    public static bool IsBad(HealthStatus status) => status >= HealthStatus.Unhealthy;

    public static bool IsWell(HealthStatus status) => status is HealthStatus.Healthy or HealthStatus.Degraded;

    /// <summary>The record with one more restart in it, which is not repeated before its delay is over.</summary>
    public static RecoveryRecord Begun(RecoveryRecord? record, string reason, DateTimeOffset now)
    {
        var attempts = (record?.Attempts ?? 0) + 1;
        var delay = FirstDelay * Math.Pow(2, Math.Min(attempts - 1, 10));
        delay = delay < LongestDelay ? delay : LongestDelay;
        return new(
            attempts,
            now.ToUnixTimeMilliseconds(),
            reason,
            (now + delay).ToUnixTimeMilliseconds(),
            Exhausted: false);
    }
}
