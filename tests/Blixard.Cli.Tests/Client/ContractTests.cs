using System.Text.Json;
using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Client;

public class ContractTests
{
    [Fact]
    public void Nulls_are_written_as_null_is_an_answer()
    {
        var json = JsonSerializer.SerializeToElement(new VmResources { Pids = 0 }, ApiJson.Default.VmResources);

        Assert.Equal(JsonValueKind.Null, json.GetProperty("memoryBytes").ValueKind);
        Assert.Equal(0, json.GetProperty("pids").GetInt64());
    }

    [Fact]
    public void An_event_has_only_the_fields_of_its_type()
    {
        var json = JsonSerializer.SerializeToElement(Samples.Modify("web1", 7), ApiJson.Default.EventRecord);

        Assert.Equal(
            ["type", "index", "date", "kind", "name", "uuid", "changes", "reason"],
            json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("modify", json.GetProperty("type").GetString());
        Assert.Equal("2026-05-31T16:30:00.007Z", json.GetProperty("date").GetString());
    }

    [Fact]
    public void A_vm_survives_the_way_there_and_back()
    {
        foreach (var vm in Samples.Vms)
        {
            var json = JsonSerializer.Serialize(vm, ApiJson.Default.Vm);
            var back = JsonSerializer.Deserialize(json, ApiJson.Default.Vm)!;
            Assert.Equal(json, JsonSerializer.Serialize(back, ApiJson.Default.Vm));
        }
    }

    [Fact]
    public void Members_of_a_newer_node_are_ignored()
    {
        var ping = JsonSerializer.Deserialize("""{"ping":"pong","mood":"good"}""", ApiJson.Default.Ping);

        Assert.Equal(Ping.Pong, ping);
    }

    [Theory]
    [InlineData("\"levitating\"")]
    [InlineData("2")]
    public void A_state_that_is_not_known_is_an_error_not_a_guess(string state)
    {
        var json = JsonSerializer.Serialize(Samples.Vms[0], ApiJson.Default.Vm)
            .Replace("\"state\":\"failed\"", $"\"state\":{state}", StringComparison.Ordinal);

        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, ApiJson.Default.Vm));
    }

    [Fact]
    public void A_missing_member_is_an_error() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"name":"x"}""", ApiJson.Default.Vm));

    [Fact]
    public void Vminfods_status_keeps_vminfods_names()
    {
        var json = JsonSerializer.SerializeToElement(Samples.LocalStatus, ApiJson.Default.LocalStatus);

        Assert.Equal(2, json.GetProperty("queue").GetProperty("max_jobs").GetInt32());
        Assert.Equal(50143232, json.GetProperty("memory").GetProperty("rss").GetInt64());
    }

    [Fact]
    public void The_states_of_a_summary_add_up_and_trouble_is_counted_once_per_vm()
    {
        var summary = VmSummary.Of(Samples.Vms);

        Assert.Equal(6, summary.Total);
        Assert.Equal(
            summary.Total,
            summary.Running + summary.Starting + summary.Stopping + summary.Stopped + summary.Failed + summary.Unknown);
        Assert.Equal((1, 2, 4), (summary.Stale, summary.Unhealthy, summary.NeedAttention));
    }

    [Fact]
    public void What_needs_attention_comes_worst_first()
    {
        var attention = VmAttention.Of(Samples.Vms, limit: 10);

        Assert.Equal(
            [
                ("twin", "runs on two nodes: n1, n2"),
                ("build", "failed (exit-code)"),
                ("db", "node lost"),
                ("web10", "unhealthy: network: Network unreachable"),
            ],
            attention.Select(vm => (vm.Name, vm.Reason)));
        Assert.Single(VmAttention.Of(Samples.Vms, limit: 1));
    }
}
