using Blixard.Client.Contracts;
using Blixard.Node.Tests.History;

namespace Blixard.Node.Tests.Api;

public class HistoryEndpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Samples_are_answered_step_by_step_with_gaps_as_null()
    {
        await using var host = await HostAsync();
        await RecordAsync(host, 10, 30, null, null, 0);

        var history = await host.ReadAsync("/v1/vms/web1/history?metric=cpu&since=30s&step=10s", ApiJson.Default.VmHistory);

        Assert.Equal(("web1", "cpu", "percent", 10), (history.Vm, history.Metric, history.Unit, history.StepSeconds));
        Assert.Equal(history.Points.Count, (history.Until - history.Since).TotalSeconds / 10);
        Assert.Equal(0, history.Since.ToUnixTimeSeconds() % 10);
        HistoryPoint[] known = [.. history.Points.Where(point => point.Average is not null)];
        Assert.Equal(10 + 30 + 0, known.Sum(point => point.Average * point.Samples));
        Assert.Equal(30, known.Max(point => point.Max));
        Assert.All(history.Points.Except(known), point => Assert.Equal((null, 0L), (point.Max, point.Samples)));
        Assert.Equal([("n1", true, null)], history.Nodes.Select(node => (node.Node, node.Answered, node.Reason)));
    }

    [Fact]
    public async Task What_is_not_given_is_an_hour_until_now_in_steps_for_a_chart()
    {
        await using var host = await HostAsync();

        var hour = await host.ReadAsync("/v1/vms/web1/history?metric=memory", ApiJson.Default.VmHistory);
        var day = await host.ReadAsync("/v1/vms/web1/history?metric=net_rx&since=24h", ApiJson.Default.VmHistory);

        Assert.Equal((15, "bytes"), (hour.StepSeconds, hour.Unit));
        Assert.InRange(hour.Points.Count, 240, 241);
        Assert.Equal((600, "bytes/s"), (day.StepSeconds, day.Unit));
        Assert.InRange(day.Points.Count, 144, 145);
        Assert.All(day.Points, point => Assert.Null(point.Average));
    }

    [Theory]
    [InlineData("", "metric is missing")]
    [InlineData("metric=colour", "metric=colour")]
    [InlineData("metric=cpu&since=later", "since=later")]
    [InlineData("metric=cpu&until=never", "until=never")]
    [InlineData("metric=cpu&since=1m&until=2m", "is not before")]
    [InlineData("metric=cpu&step=0s", "step=0s")]
    [InlineData("metric=cpu&step=fast", "step=fast")]
    [InlineData("metric=cpu&since=3h&step=10s", "whole minutes")]
    [InlineData("metric=cpu&since=30d&step=1m", "10000 are the most")]
    [InlineData("metric=cpu&metrics=cpu", "metrics")]
    public async Task A_value_that_is_wrong_is_refused_by_name(string query, string named)
    {
        await using var host = await HostAsync();

        using var answer = await host.GetAsync($"/v1/vms/web1/history?{query}");

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
        Assert.Contains(named, problem.Detail);
    }

    [Fact]
    public async Task A_vm_that_is_not_known_is_not_found()
    {
        await using var host = await HostAsync();
        using var answer = await host.GetAsync("/v1/vms/web9/history?metric=cpu");
        await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
    }

    [Fact]
    public async Task Damaged_samples_are_said_and_not_taken_for_a_vm_at_rest()
    {
        await using var host = await HostAsync();
        await RecordAsync(host, 1, 2);
        host.HistoryLog.Damage(0);

        var history = await host.ReadAsync("/v1/vms/web1/history?metric=cpu&since=1m", ApiJson.Default.VmHistory);

        Assert.Contains("damaged", Assert.Single(history.Nodes).Reason);
        Assert.All(history.Points, point => Assert.Null(point.Average));
    }

    [Fact]
    public async Task A_vm_that_moved_has_one_history_of_all_its_nodes_and_who_is_missing_is_named()
    {
        await using var second = await ApiHost.StartAsync(name: "n2");
        await using var first = await ApiHost.StartAsync();
        ApiHost.Introduce("web1", first, second);

        const string Path = "/v1/vms/web1/history?metric=cpu&since=1m&step=5s";
        await RecordAsync(first, 10, 20);
        await first.History.RecordAsync(Sweeps.Of(first.Time.GetUtcNow(), ("other", 1)), Token);
        second.Time.Advance(TimeSpan.FromSeconds(20));
        await RecordAsync(second, 50);
        first.Time.Advance(TimeSpan.FromSeconds(15));

        var both = await first.ReadAsync(Path, ApiJson.Default.VmHistory);
        Assert.Equal([10, 20, 50], both.Points.Where(point => point.Average is not null).Select(point => point.Average!.Value));
        Assert.Equal([("n1", true), ("n2", true)], both.Nodes.Select(node => (node.Node, node.Answered)));

        await second.StopAsync();
        var one = await first.ReadAsync(Path, ApiJson.Default.VmHistory);
        Assert.Equal([10, 20], one.Points.Where(point => point.Average is not null).Select(point => point.Average!.Value));
        var missing = Assert.Single(one.Nodes, node => !node.Answered);
        Assert.Equal("n2", missing.Node);
        Assert.Contains("no connection", missing.Reason);
    }

    [Fact]
    public async Task How_the_history_does_is_in_the_status()
    {
        await using var host = await HostAsync();
        await RecordAsync(host, 1);

        var status = await host.ReadAsync("/status", ApiJson.Default.LocalStatus);

        Assert.Equal("recording", status.History!.State);
        Assert.True(status.History.Bytes > 0);
        Assert.Equal(status.History.Oldest, status.History.Newest);
    }

    private static Task<ApiHost> HostAsync() => ApiHost.StartWithVmAsync("web1");

    private static async Task RecordAsync(ApiHost host, params double?[] cpu)
    {
        await host.History.OpenAsync(Token);
        foreach (var percent in cpu)
        {
            await host.History.RecordAsync(Sweeps.Of(host.Time.GetUtcNow(), ("web1", percent)), Token);
            host.Time.Advance(TimeSpan.FromSeconds(5));
        }
    }
}
