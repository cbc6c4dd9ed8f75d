using Blixard.Client.Contracts;
using Blixard.Node.Api;

namespace Blixard.Node.Tests.Api;

public class HealthEndpointTests
{
    [Fact]
    public async Task A_node_with_a_leader_is_ready_and_one_without_is_only_live()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var ready = await host.GetAsync("/healthz/ready");
        host.Engine.CutOff();
        using var cut = await host.GetAsync("/healthz/ready");
        using var live = await host.GetAsync("/healthz/live");

        Assert.Equal("""{"status":"ready"}""", await ready.Content.ReadAsStringAsync());
        await ApiHost.ProblemAsync(cut, ProblemTypes.NotReady, 503);
        Assert.Equal("""{"status":"live"}""", await live.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_node_that_still_replays_its_log_is_not_ready()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.Status = host.Engine.Status with { Commit = host.Replica.State.Index + HealthEndpoints.MaxLag + 1 };

        using var behind = await host.GetAsync("/healthz/ready");

        await ApiHost.ProblemAsync(behind, ProblemTypes.NotReady, 503);
    }

    [Fact]
    public async Task A_node_whose_state_differs_from_anothers_is_not_ready()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.Status = host.Engine.Status with { DivergedAt = 2048 };

        using var apart = await host.GetAsync("/healthz/ready");

        await ApiHost.ProblemAsync(apart, ProblemTypes.NotReady, 503);
        Assert.Contains("2048", await apart.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
