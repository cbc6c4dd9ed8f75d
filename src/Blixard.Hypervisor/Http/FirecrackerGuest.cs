namespace Blixard.Hypervisor.Http;

/// <summary>
/// What firecracker says of its guest (src/firecracker/swagger/firecracker.yaml, MachineConfiguration).
/// </summary>
internal static class FirecrackerGuest
{
    private const string Resource = "/machine-config";

    public static async Task<GuestSize> SizeAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await HttpControl.GetAsync(path, Resource, cancellationToken);
        return HttpControl.Number(answer.RootElement, "mem_size_mib") is > 0 and <= 1 << 30 and var mebibytes
            ? new(mebibytes << 20, (int?)HttpControl.Number(answer.RootElement, "vcpu_count"))
            : throw new ControlSocketException(
                ControlSocketError.Malformed, path, $"the answer to GET {Resource} tells no mem_size_mib");
    }
}
