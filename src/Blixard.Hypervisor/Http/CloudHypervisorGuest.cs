using System.Text.Json;

namespace Blixard.Hypervisor.Http;

/// <summary>What cloud-hypervisor says of its guest (vmm/src/api/openapi/cloud-hypervisor.yaml, VmInfo).</summary>
internal static class CloudHypervisorGuest
{
    private const string Resource = "/api/v1/vm.info";

    public static async Task<GuestSize> SizeAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await HttpControl.GetAsync(path, Resource, cancellationToken);
        var info = answer.RootElement;
        var memory = info.ValueKind == JsonValueKind.Object
            && info.TryGetProperty("config", out var config)
            && config.ValueKind == JsonValueKind.Object
            && config.TryGetProperty("memory", out var found)
                ? found
                : default;

        // With zones the size of the whole may be 0: each zone has its own.
        var bytes = SizeOf(memory);
        if (memory.ValueKind == JsonValueKind.Object
            && memory.TryGetProperty("zones", out var zones)
            && zones.ValueKind == JsonValueKind.Array)
        {
            foreach (var zone in zones.EnumerateArray())
            {
                bytes += SizeOf(zone);
            }
        }

        return bytes > 0
            ? new(bytes, (int?)HttpControl.Number(info, "config", "cpus", "boot_vcpus"))
            : throw new ControlSocketException(
                ControlSocketError.Malformed, path, $"the answer to GET {Resource} tells no memory");
    }

    private static ulong SizeOf(JsonElement memory) =>
        (HttpControl.Number(memory, "size") ?? 0) + (HttpControl.Number(memory, "hotplugged_size") ?? 0);
}
