namespace Blixard.Hypervisor;

/// <summary>How large a hypervisor says that its guest is.</summary>
/// <param name="MemoryBytes">With what was plugged in since it started, whatever a balloon has taken back.</param>
/// <param name="Vcpus">Null if it does not say.</param>
public sealed record GuestSize(ulong MemoryBytes, int? Vcpus);

/// <summary>A protocol in which a hypervisor can be asked.</summary>
public enum ControlProtocol
{
    /// <summary>QEMU: QEMU Machine Protocol.</summary>
    Qmp = 0,

    /// <summary>cloud-hypervisor: HTTP.</summary>
    CloudHypervisor,

    /// <summary>firecracker: HTTP.</summary>
    Firecracker,
}

public static class ControlProtocols
{
    /// <param name="hypervisor">As microvm.nix calls it.</param>
    /// <returns>Null for one that can't be asked.</returns>
    public static ControlProtocol? Of(string? hypervisor) => hypervisor switch
    {
        "qemu" => ControlProtocol.Qmp,
        "cloud-hypervisor" => ControlProtocol.CloudHypervisor,
        "firecracker" => ControlProtocol.Firecracker,
        _ => null,
    };
}
