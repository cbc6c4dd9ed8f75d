using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Agent.HostChecks;

public sealed class RecoveryDecisionTests
{
    private static readonly DateTimeOffset Now = FakeTime.Start;

    private static readonly VmHealthPolicy Restarts = VmHealthPolicy.None with
    {
        Recovery = RecoveryAction.Restart,
        RecoveryLimit = 3,
        RecoveryAfterSeconds = 30,
    };

    [Theory]
    [InlineData(HealthStatus.Healthy, 100, nameof(RecoveryStep.Nothing))]
    [InlineData(HealthStatus.Degraded, 100, nameof(RecoveryStep.Nothing))]
    [InlineData(HealthStatus.Unknown, 100, nameof(RecoveryStep.Nothing))]
    [InlineData(HealthStatus.Unhealthy, 29, nameof(RecoveryStep.Nothing))]
    [InlineData(HealthStatus.Unhealthy, 30, nameof(RecoveryStep.Begin))]
    [InlineData(HealthStatus.Unresponsive, 30, nameof(RecoveryStep.Begin))]
    [InlineData(HealthStatus.Critical, 30, nameof(RecoveryStep.Begin))]
    public void A_vm_is_restarted_that_was_bad_for_as_long_as_its_policy_says(
        HealthStatus status, int seconds, string step) =>
        Assert.Equal(step, Of(Restarts, null, status, seconds).ToString());

    [Fact]
    public void Without_a_policy_nothing_is_done() =>
        Assert.Equal(RecoveryStep.Nothing, Of(VmHealthPolicy.None, null, HealthStatus.Critical, 1000));

    [Fact]
    public void The_delay_doubles_from_5_s_to_300_s()
    {
        RecoveryRecord? record = null;
        var delays = new List<long>();
        for (var attempt = 0; attempt < 9; attempt++)
        {
            record = RecoveryDecision.Begun(record, "why", Now);
            delays.Add((record.Next - record.Last) / 1000);
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300, 300], delays);
        Assert.Equal(9u, record!.Attempts);
    }

    [Fact]
    public void No_restart_comes_before_its_delay_is_over()
    {
        var record = RecoveryDecision.Begun(null, "why", Now);

        Assert.Equal(
            RecoveryStep.Nothing,
            RecoveryDecision.Of(Restarts, record, HealthStatus.Critical, TimeSpan.FromHours(1), Now.AddSeconds(4.9)));
        Assert.Equal(
            RecoveryStep.Begin,
            RecoveryDecision.Of(Restarts, record, HealthStatus.Critical, TimeSpan.FromHours(1), Now.AddSeconds(5)));
    }

    [Fact]
    public void After_as_many_as_are_allowed_it_gives_up_and_then_does_nothing()
    {
        var record = new RecoveryRecord(3, 1, "why", 2, Exhausted: false);

        Assert.Equal(RecoveryStep.GiveUp, Of(Restarts, record, HealthStatus.Unhealthy, 30));
        Assert.Equal(
            RecoveryStep.Nothing, Of(Restarts, record with { Exhausted = true }, HealthStatus.Unhealthy, 3000));
    }

    [Fact]
    public void One_that_has_given_up_goes_on_where_its_policy_allows_more()
    {
        var record = new RecoveryRecord(3, 1, "why", 0, Exhausted: true);
        Assert.Equal(RecoveryStep.Begin, Of(Restarts with { RecoveryLimit = 4 }, record, HealthStatus.Critical, 30));
        Assert.False(RecoveryDecision.Begun(record, "why", Now).Exhausted);
    }

    [Fact]
    public void Ten_minutes_of_health_end_the_count()
    {
        var record = new RecoveryRecord(3, 1, "why", 2, Exhausted: true);

        Assert.Equal(RecoveryStep.Nothing, Of(Restarts, record, HealthStatus.Healthy, 599));
        Assert.Equal(RecoveryStep.Forget, Of(Restarts, record, HealthStatus.Healthy, 600));
        Assert.Equal(RecoveryStep.Nothing, Of(Restarts, record, HealthStatus.Unknown, 6000));
    }

    private static RecoveryStep Of(VmHealthPolicy policy, RecoveryRecord? record, HealthStatus status, int seconds) =>
        RecoveryDecision.Of(policy, record, status, TimeSpan.FromSeconds(seconds), Now);
}
