namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class BadInputTests(ThreeHosts hosts)
{
    [Fact]
    public async Task An_unknown_configuration_key_is_refused_by_name()
    {
        ThreeHosts.Require();
        var (status, output, errors) = await Hosts.TryAsync(
            "exec", "n1", "env", "BLIXARD__RAFT__ELECTIONTIKCS=6", "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll",
            "--data-dir", "/tmp/nowhere");
        Assert.NotEqual(0, status);
        Assert.Contains("ELECTIONTIKCS", output + errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_wiped_member_does_not_come_back_as_itself()
    {
        ThreeHosts.Require();
        var (status, output, errors) = await Hosts.TryAsync(
            "exec", "n1", "env", "BLIXARD__NODE__NAME=n1",
            "BLIXARD__CLUSTER__PEERS__0=n1=10.88.0.11:7481", "BLIXARD__CLUSTER__PEERS__1=n2=10.88.0.12:7481",
            "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll", "--data-dir", "/tmp/wiped");
        Assert.NotEqual(0, status);
        Assert.Contains("--bootstrap", output + errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_request_is_refused_and_changes_nothing()
    {
        ThreeHosts.Require();
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{hosts.All[0].Port}/") };
        foreach (var (path, body) in new[]
        {
            ("v1/vms/..%2Fetc", "{}"), ("v1/vms/a%20b", "{}"), ("v1/vms/ok", "{"), ("v1/vms/ok", """{"unit":"sshd.service"}"""),
            ("v1/vms/ok", """{"node":"nobody"}"""),
        })
        {
            using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            var answer = await http.PutAsync(new Uri(path, UriKind.Relative), content);
            Assert.InRange((int)answer.StatusCode, 400, 409);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }

        var vms = (await hosts.All[0].Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
        Assert.DoesNotContain(vms, vm => vm.Name is "ok" or "a b");
    }
}
