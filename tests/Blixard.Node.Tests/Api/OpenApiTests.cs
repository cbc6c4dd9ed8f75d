using System.Text.Json;

namespace Blixard.Node.Tests.Api;

public class OpenApiTests
{
    [Fact]
    public async Task The_document_names_every_path_with_its_parameters_and_documents()
    {
        await using var host = await ApiHost.StartAsync();

        using var answer = await host.GetAsync("/openapi/v1.json");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());

        var paths = document.RootElement.GetProperty("paths");
        Assert.Equal(
            [
                "/events", "/healthz/live", "/healthz/ready", "/ping", "/status", "/v1/cluster", "/v1/cluster/cancel",
                "/v1/cluster/members", "/v1/cluster/members/{member}", "/v1/cluster/members/{member}/promote", "/v1/cluster/transfer",
                "/v1/events", "/v1/nodes", "/v1/nodes/{node}", "/v1/vms", "/v1/vms/{vm}", "/v1/vms/{vm}/annotations",
                "/v1/vms/{vm}/annotations/{key}", "/v1/vms/{vm}/health-policy", "/v1/vms/{vm}/history", "/v1/vms/{vm}/logs",
                "/vms", "/vms/{id}",
            ],
            paths.EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal));
        var vm = paths.GetProperty("/v1/vms/{vm}");
        Assert.Equal(["delete", "get", "put"], vm.EnumerateObject().Select(method => method.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["consistency", "index", "min_index", "vm", "wait"],
            vm.GetProperty("get").GetProperty("parameters").EnumerateArray()
                .Select(parameter => parameter.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        Assert.True(vm.GetProperty("put").GetProperty("responses").TryGetProperty("409", out _));
        Assert.Contains(
            "staleReason",
            document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("Vm").GetRawText());
    }
}
