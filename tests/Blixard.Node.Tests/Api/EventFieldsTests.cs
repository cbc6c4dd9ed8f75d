using System.Collections.Immutable;
using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Changed = Blixard.StateMachine.State.FieldChange;

namespace Blixard.Node.Tests.Api;

/// <summary>The differences of the state in the words of the documents.</summary>
public class EventFieldsTests
{
    private const long Time = 1_800_000_000_000;
    private const string TimeText = "2027-01-15T08:00:00.000Z";

    [Theory]
    [InlineData("monitor", "n1", "monitor", "n1")]
    [InlineData("observations[n1].state", "Running", "observations.n1.state", "running")]
    [InlineData("observations[n1.example.org].sub_state", "auto-restart", "observations.n1.example.org.subState", "auto-restart")]
    [InlineData("observations[n1].staleness", "NodeLost", "observations.n1.staleReason", "node lost")]
    [InlineData("observations[n1].checks[service_state].message", "m", "observations.n1.checks.service_state.message", "m")]
    [InlineData("health[monitor].checks[network].message", "m", "health.checks.network.message", "m")]
    [InlineData("health[monitor].message", "m", "health.monitor.message", "m")]
    [InlineData("observations[n1].facts.taps[0]", "vm-a", "observations.n1.facts.taps.0", "vm-a")]
    [InlineData("observations[n1].facts.memory_limit_source", "CloudHypervisor", "observations.n1.facts.memoryLimitSource", "cloudHypervisor")]
    [InlineData("annotations[some.key]", "running", "annotations.some.key", "running")]
    public void A_text_of_a_vm(string path, string value, string shownPath, string shownValue)
    {
        var field = Of(EntityKind.Vm, path, FieldValue.Of(value));

        Assert.Equal((shownPath, shownValue), (field.Path, field.New!.GetValue<string>()));
    }

    [Theory]
    [InlineData("observations[n1].resources.cpu_millipercent", 12_300L, "observations.n1.resources.cpuPercent", "12.3")]
    [InlineData("observations[n1].resources.cpu_usage_usec", 1_500_000L, "observations.n1.resources.cpuSeconds", "1.5")]
    [InlineData("observations[n1].resources.network_rx_bytes", 7L, "observations.n1.resources.netRxBytes", "7")]
    [InlineData("observations[n1].resources.disk_reads", 7L, "observations.n1.resources.diskReadOperations", "7")]
    [InlineData("observations[n1].resources.cpu_user_usec", 1_500_000L, "observations.n1.resources.cpuUserSeconds", "1.5")]
    [InlineData("observations[n1].resources.disk_reads_per_second", 7L, "observations.n1.resources.diskReadOperationsPerSecond", "7")]
    [InlineData("observations[n1].resources.network_tx_dropped", 7L, "observations.n1.resources.netTxDropped", "7")]
    [InlineData("observations[n1].resources.io_pressure_full_millipercent", 500L, "observations.n1.resources.ioPressureFullPercent", "0.5")]
    [InlineData("observations[n1].main_pid", 77L, "observations.n1.mainPid", "77")]
    [InlineData("created_at", Time, "createdAt", $"\"{TimeText}\"")]
    [InlineData("observations[n1].since", Time, "observations.n1.since", $"\"{TimeText}\"")]
    [InlineData("refused_claims[n1]", Time, "refusedClaims.n1", $"\"{TimeText}\"")]
    public void A_number_of_a_vm(string path, long value, string shownPath, string json)
    {
        var field = Of(EntityKind.Vm, path, FieldValue.Of(value));

        Assert.Equal((shownPath, json), (field.Path, field.New!.ToJsonString()));
    }

    [Theory]
    [InlineData("healthy", true, "health.healthy", "true")]
    [InlineData("running_on[n1]", true, "runningOn.n1", "true")]
    [InlineData("observations[n1].checks[service_state].passed", false, "observations.n1.checks.service_state.status", "\"failing\"")]
    [InlineData("health[monitor].checks[network].passed", true, "health.checks.network.status", "\"passing\"")]
    public void A_truth_of_a_vm(string path, bool value, string shownPath, string json)
    {
        var field = Of(EntityKind.Vm, path, FieldValue.Of(value));

        Assert.Equal((shownPath, json), (field.Path, field.New!.ToJsonString()));
    }

    [Fact]
    public void Every_figure_has_its_name_in_the_document()
    {
        var shown = JsonSerializer.SerializeToNode(new VmResources(), ApiJson.Default.VmResources)!.AsObject();
        foreach (var figure in ResourceUsage.Descriptor.Fields.InFieldNumberOrder().Where(field => field.HasPresence))
        {
            var path = Of(EntityKind.Vm, $"observations[n1].resources.{figure.Name}", FieldValue.Of(1)).Path;

            Assert.Contains(shown, property => property.Key == path.Split('.')[^1]);
        }
    }

    [Fact]
    public void Fields_of_a_node()
    {
        Assert.Equal("id", Of(EntityKind.Node, "member_id", FieldValue.Of("00000000000000a1")).Path);
        Assert.Equal("labels.zone", Of(EntityKind.Node, "labels[zone]", FieldValue.Of("z1")).Path);
        Assert.Equal("capacity.memoryBytes", Of(EntityKind.Node, "memory_bytes", FieldValue.Of(1)).Path);
        Assert.Equal("lost", Of(EntityKind.Node, "status", FieldValue.Of("Lost")).New!.GetValue<string>());
    }

    [Fact]
    public void A_lost_node_makes_the_state_unknown_and_gives_the_reason()
    {
        var fields = EventFields.Of(Modify(
            EntityKind.Vm,
            new Changed("state", FieldAction.Changed, FieldValue.Of("Running"), FieldValue.Of("Unknown (node lost)"))));

        Assert.Equal(["staleReason", "state"], fields.Select(field => field.Path));
        Assert.Equal((ChangeAction.Added, null, "node lost"), Parts(fields[0]));
        Assert.Equal((ChangeAction.Changed, "running", "unknown"), Parts(fields[1]));
    }

    [Fact]
    public void Another_reason_for_the_same_state_is_a_change_of_the_reason_alone()
    {
        var field = Assert.Single(EventFields.Of(Modify(
            EntityKind.Vm,
            new Changed(
                "state",
                FieldAction.Changed,
                FieldValue.Of("Unknown (node lost)"),
                FieldValue.Of("Unknown (node rebooted)")))));

        Assert.Equal("staleReason", field.Path);
        Assert.Equal((ChangeAction.Changed, "node lost", "node rebooted"), Parts(field));
    }

    [Fact]
    public void An_alarm_comes_and_goes_as_an_element()
    {
        var raised = Assert.Single(EventFields.Of(Modify(EntityKind.Vm, new Changed(
            "duplicate_running", FieldAction.Changed, FieldValue.Of(false), FieldValue.Of(true)))));
        var ended = Assert.Single(EventFields.Of(Modify(EntityKind.Vm, new Changed(
            "duplicate_running", FieldAction.Changed, FieldValue.Of(true), FieldValue.Of(false)))));

        Assert.Equal("alarms.duplicate_running", raised.Path);
        Assert.Equal((ChangeAction.Added, null, "duplicate_running"), Parts(raised));
        Assert.Equal((ChangeAction.Removed, "duplicate_running", null), Parts(ended));
    }

    [Fact]
    public void A_removed_field_has_no_new_value()
    {
        var field = Assert.Single(EventFields.Of(Modify(
            EntityKind.Vm, new Changed("monitor", FieldAction.Removed, FieldValue.Of("n1"), null))));

        Assert.Equal((ChangeAction.Removed, "n1", null), Parts(field));
    }

    private static Client.Contracts.FieldChange Of(EntityKind entity, string path, FieldValue value) =>
        Assert.Single(EventFields.Of(Modify(entity, new Changed(path, FieldAction.Added, null, value))));

    private static Change Modify(EntityKind entity, Changed field) =>
        new(7, Time, ChangeKind.Modify, entity, "web1", "why", ImmutableArray.Create(field));

    private static (ChangeAction Action, string? Old, string? New) Parts(Client.Contracts.FieldChange field) =>
        (field.Action, field.Old?.GetValue<string>(), field.New?.GetValue<string>());
}
