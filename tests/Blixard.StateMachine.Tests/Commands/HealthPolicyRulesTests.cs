using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Commands;

public sealed class HealthPolicyRulesTests
{
    /// <summary>What is wrong, how a good policy is spoiled, and what is said about it.</summary>
    private static readonly (string Name, Action<HealthPolicy> Spoil, string Detail)[] Bad =
    [
        ("name", p => p.Probes[0].Name = "a b", "probe \"a b\" is not a name"),
        ("reserved", p => p.Probes[0].Name = "service_state", "has the name of a check that is made anyway"),
        ("twice", p => p.Probes.Add(p.Probes[0]), "probe web is listed twice"),
        ("too many", p => p.Probes.AddRange(Enumerable.Repeat(p.Probes[0], 8)), "9 probes, the most is 8"),
        ("no kind", p => p.Probes[0].Kind = ProbeKind.Unknown, "probe web has no kind"),
        ("strange kind", p => p.Probes[0].Kind = (ProbeKind)9, "probe web has no kind"),
        ("tcp", p => (p.Probes[0].Kind, p.Probes[0].Target) = (ProbeKind.Tcp, "10.0.0.5"), "is not HOST:PORT"),
        ("tcp port", p => (p.Probes[0].Kind, p.Probes[0].Target) = (ProbeKind.Tcp, "a:0"), "is not HOST:PORT"),
        ("ftp", p => p.Probes[0].Target = "ftp://10.0.0.5/", "is not http://HOST[:PORT]/PATH"),
        ("user", p => p.Probes[0].Target = "http://me@10.0.0.5/", "is not http://HOST[:PORT]/PATH"),
        ("blank", p => p.Probes[0].Target = "http://10.0.0.5/a b", "is not http://HOST[:PORT]/PATH"),
        ("split", p => p.Probes[0].Target = "http://10.0.0.5/\r\nX: y", "is not http://HOST[:PORT]/PATH"),
        ("no host", p => p.Probes[0].Target = "http:///x", "is not http://HOST[:PORT]/PATH"),
        ("icmp", p => (p.Probes[0].Kind, p.Probes[0].Target) = (ProbeKind.Icmp, "-c 1 a"), "is not HOST"),
        ("script path", p => (p.Probes[0].Kind, p.Probes[0].Target) = (ProbeKind.Script, "../sh"),
            "is not the name of a script"),
        ("no interval", p => p.Probes[0].IntervalSeconds = 0, "the interval of probe web in seconds is 0, not 1 to 3600"),
        ("no timeout", p => p.Probes[0].TimeoutMs = 0, "the timeout of probe web in milliseconds is 0, not 10 to 60000"),
        ("long timeout", p => p.Probes[0].TimeoutMs = 11_000, "the timeout of probe web is longer than its interval"),
        ("weight", p => p.Probes[0].Weight = 1001, "the weight of probe web is 1001, not 0 to 1000"),
        ("failures", p => p.Probes[0].Failures = 0, "the failures of probe web is 0, not 1 to 100"),
        ("successes", p => p.Probes[0].Successes = 101, "the successes of probe web is 101, not 1 to 100"),
        ("status", p => p.Probes[0].ExpectedStatus = 99, "the expected status of probe web is 99, not 100 to 599"),
        ("status of tcp", p => (p.Probes[0].Kind, p.Probes[0].Target) = (ProbeKind.Tcp, "a:1"),
            "the expected status of probe web is of http probes"),
        ("weights", p => p.Weights[0].Weight = 1001, "the weight of journal_errors is 1001, not 0 to 1000"),
        ("weighted check", p => p.Weights[0].Check = "", "check \"\" is not a name"),
        ("weights twice", p => p.Weights.Add(p.Weights[0]), "the weight of journal_errors is listed twice"),
        ("thresholds", p => p.UnhealthyAt = 9, "unhealthy_at is below degraded_at"),
        ("cpu", p => p.MaxCpuPercent = 0, "max_cpu_percent is 0, not 1 to 100"),
        ("memory", p => p.MaxMemoryPercent = 101, "max_memory_percent is 101, not 1 to 100"),
        ("errors", p => p.MaxJournalErrors = 101, "max_journal_errors is 101, not 0 to 100"),
        ("no limit", p => p.RecoveryLimit = 0, "the limit of restarts is 0, not 1 to 100"),
        ("late", p => p.RecoveryAfterSeconds = 3601, "the seconds before a restart is 3601, not 0 to 3600"),
        ("limit of nothing", p => p.Recovery = RecoveryAction.None, "a limit of the recovery without a recovery"),
        ("strange recovery", p => p.Recovery = (RecoveryAction)2, "recovery 2 is not known"),
    ];

    public static TheoryData<string> Names => [.. Bad.Select(bad => bad.Name)];

    [Fact]
    public void A_good_policy_is_good() => Assert.Null(HealthPolicyRules.Check(Good()));

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_wrong_with_a_policy_is_said(string name)
    {
        var (_, spoil, detail) = Bad.Single(bad => bad.Name == name);
        var policy = Good();
        spoil(policy);
        Assert.Contains(detail, HealthPolicyRules.Check(policy), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://web1")]
    [InlineData("http://10.0.0.5:8080")]
    [InlineData("https://[fd00::1]:8443/x?y=z&a=%20")]
    public void Urls_of_hosts_and_ports_are_taken(string url)
    {
        var policy = Good();
        policy.Probes[0].Target = url;
        Assert.Null(HealthPolicyRules.Check(policy));
    }

    [Fact]
    public void A_policy_read_and_written_says_the_same()
    {
        var policy = HealthPolicyCodec.Read(Good());
        Assert.Equal(Good(), HealthPolicyCodec.Write(policy));
        Assert.Equal(
            HealthPolicyCodec.Write(VmHealthPolicy.None),
            HealthPolicyCodec.Write(HealthPolicyCodec.Read(new HealthPolicy())));
    }

    [Fact]
    public void A_policy_is_set_replaced_and_removed_and_each_is_an_event()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        Assert.NotEmpty(replica.Do(Set(Good())).Changes);
        Assert.Equal(60u, replica.Vm("web").HealthPolicy?.UnhealthyAt);
        Assert.Empty(replica.Do(Set(Good())).Changes);
        Assert.NotEmpty(replica.Do(Set(new HealthPolicy())).Changes);
        Assert.Equal(100u, replica.Vm("web").HealthPolicy?.UnhealthyAt);
        Assert.NotEmpty(replica.Do(Set(null)).Changes);
        Assert.Null(replica.Vm("web").HealthPolicy);
        Assert.Empty(replica.Do(Set(null)).Changes);
        replica.Refuses(
            Command.Of(new SetHealthPolicy { Vm = "x" }).By("n1"), RejectionReason.VmNotFound, "VM x not found");
    }

    [Fact]
    public void What_an_older_node_would_not_know_needs_the_version_that_brought_it()
    {
        Assert.Equal(CommandVersions.Health, CommandVersions.Needed(Set(null)));
        Assert.Equal(CommandVersions.Oldest, CommandVersions.Needed(Samples.Of(Command.BodyOneofCase.UpdateState)));
        Assert.Equal(CommandVersions.Oldest, CommandVersions.Needed(Samples.Of(Command.BodyOneofCase.UpdateHealth)));
        Assert.Equal(CommandVersions.Health, CommandVersions.Needed(Samples.Golden["UpdateStateWithHealth"]));
        Assert.Equal(CommandVersions.Health, CommandVersions.Needed(Samples.Golden["UpdateHealthWithWeight"]));
    }

    private static Command Set(HealthPolicy? policy) =>
        Command.Of(new SetHealthPolicy { Vm = "web", Policy = policy }).By("n1");

    private static HealthPolicy Good() => Samples.Of(Command.BodyOneofCase.SetHealthPolicy).SetHealthPolicy.Policy;
}
