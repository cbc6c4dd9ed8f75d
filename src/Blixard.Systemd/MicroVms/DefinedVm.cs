namespace Blixard.Systemd.MicroVms;

/// <summary>A VM that is laid out in the state directory, whether it runs or not.</summary>
/// <param name="Directory">Its directory, for example <c>/var/lib/microvms/web1</c>.</param>
/// <param name="Booted">True while microvm.nix keeps <c>booted</c>: facts then are of the runner that was
/// started.</param>
/// <param name="Hypervisor">qemu, cloud-hypervisor, firecracker...; null if the runner does not say.</param>
/// <param name="TapInterfaces">The host's tap interfaces of the VM; empty if it has none.</param>
public sealed record DefinedVm(
    string Name, string Directory, bool Booted, string? Hypervisor, IReadOnlyList<string> TapInterfaces)
{
    public bool Equals(DefinedVm? other) =>
        other is not null && Name == other.Name && Directory == other.Directory && Booted == other.Booted
        && Hypervisor == other.Hypervisor && TapInterfaces.SequenceEqual(other.TapInterfaces, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Name, Directory, Booted, Hypervisor, TapInterfaces.Count);
}

/// <summary>What a look into the state directory found.</summary>
/// <param name="Vms">Sorted by name.</param>
/// <param name="Problems">A sentence for each entry that looks like a VM but is refused or cannot be read.</param>
public sealed record DefinedVms(IReadOnlyList<DefinedVm> Vms, IReadOnlyList<string> Problems);
