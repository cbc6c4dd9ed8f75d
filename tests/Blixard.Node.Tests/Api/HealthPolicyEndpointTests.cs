using System.Net;
using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.StateMachine.Commands;
using HealthPolicy = Blixard.Client.Contracts.HealthPolicy;
using ProbeKind = Blixard.Client.Contracts.ProbeKind;
using RecoveryAction = Blixard.Client.Contracts.RecoveryAction;

namespace Blixard.Node.Tests.Api;

public sealed class HealthPolicyEndpointTests
{
    private const string Policy = "/v1/vms/web1/health-policy";

    [Fact]
    public async Task A_policy_is_put_read_and_removed_and_the_vm_shows_it()
    {
        await using var host = await WithVmAsync();

        using var put = await host.SendAsync(
            HttpMethod.Put,
            Policy,
            """
            {"probes": [{"name": "network", "kind": "tcp", "target": "10.0.0.5:22"}], "recovery": "restart",
             "weights": {"journal_errors": 5}}
            """);
        var policy = await ReadAsync(put);

        var probe = Assert.Single(policy.Probes!);
        Assert.Equal(("network", ProbeKind.Tcp, "10.0.0.5:22"), (probe.Name, probe.Kind, probe.Target));
        Assert.Equal(
            (10, 2000, 100, 3, 2),
            (probe.IntervalSeconds, probe.TimeoutMs, probe.Weight, probe.Failures, probe.Successes));
        Assert.Equal((RecoveryAction.Restart, 3, 30), (policy.Recovery, policy.RecoveryLimit, policy.RecoveryAfterSeconds));
        Assert.Equal((1, 100, 5), (policy.DegradedAt, policy.UnhealthyAt, policy.Weights!["journal_errors"]));
        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(put));
        Assert.Contains("\"target\":\"10.0.0.5:22\"", await TextAsync(host, "/v1/vms/web1"), StringComparison.Ordinal);

        // What is read can be put as it is.
        var text = await TextAsync(host, Policy);
        using var again = await host.SendAsync(HttpMethod.Put, Policy, text);
        Assert.Equal(text, await again.Content.ReadAsStringAsync());

        using var removed = await host.SendAsync(HttpMethod.Delete, Policy);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Empty((await ReadAsync(await host.GetAsync(Policy))).Probes!);
        Assert.Null(host.Replica.State.Vms["web1"].HealthPolicy);
    }

    [Theory]
    [InlineData("", "can't be understood")]
    [InlineData("null", "The body is null")]
    [InlineData("[]", "can't be understood")]
    [InlineData("{\"probe\": []}", "can't be understood")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": \"tcp\"}]}", "can't be understood")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": \"ftp\", \"target\": \"x\"}]}", "can't be understood")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": 1, \"target\": \"x:1\"}]}", "can't be understood")]
    [InlineData("{\"probes\": [null]}", "a probe is null")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": \"tcp\", \"target\": null}]}", "its name or target is")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": \"tcp\", \"target\": \"x\"}]}", "is not HOST:PORT")]
    [InlineData("{\"probes\": [{\"name\": \"a\", \"kind\": \"script\", \"target\": \"../x\"}]}", "is not the name of a script")]
    [InlineData("{\"degradedAt\": -1}", "degradedAt is -1, below zero")]
    [InlineData("{\"degradedAt\": 1.5}", "can't be understood")]
    [InlineData("{\"unhealthyAt\": 1, \"degradedAt\": 2}", "unhealthy_at is below degraded_at")]
    [InlineData("{\"maxCpuPercent\": 0}", "max_cpu_percent is 0, not 1 to 100")]
    [InlineData("{\"recoveryLimit\": 3}", "a limit of the recovery without a recovery")]
    [InlineData("{\"weights\": {\"a b\": 1}}", "check \"a b\" is not a name")]
    [InlineData("{\"weights\": {\"a\": 1, \"a\": 2}}", "can't be understood")]
    public async Task What_is_no_policy_is_refused_and_nothing_changes(string body, string detail)
    {
        await using var host = await WithVmAsync();
        var before = host.Replica.State.Index;

        using var answer = await host.SendAsync(HttpMethod.Put, Policy, body);

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
        Assert.Contains(detail, problem.Detail, StringComparison.Ordinal);
        Assert.Equal(before, host.Replica.State.Index);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task The_policy_of_an_unknown_vm_is_not_found(string method)
    {
        await using var host = await WithVmAsync();
        using var answer = await host.SendAsync(new HttpMethod(method), "/v1/vms/none/health-policy", "{}");
        await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
    }

    [Fact]
    public async Task A_policy_is_not_forgotten_with_its_vm_without_a_question()
    {
        await using var host = await WithVmAsync();
        using var set = await host.SendAsync(HttpMethod.Put, Policy, "{}");
        using var refused = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1");
        var problem = await ApiHost.ProblemAsync(refused, ProblemTypes.VmInUse, 409);
        Assert.Contains("its health policy goes with it", problem.Detail);
    }

    private static async Task<ApiHost> WithVmAsync()
    {
        var host = await ApiHost.StartAsync();
        host.RegisterNode("n1", FakeEngine.Members[0].Value, CommandVersions.Health);
        host.Do("n1", Command.Of(new SetClusterVersion { Version = CommandVersions.Health }));
        host.RegisterVm("web1", "n1");
        return host;
    }

    private static async Task<HealthPolicy> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize(text, ApiJson.Default.HealthPolicy)!;
    }

    private static async Task<string> TextAsync(ApiHost host, string path)
    {
        using var answer = await host.GetAsync(path);
        return await answer.Content.ReadAsStringAsync();
    }
}
