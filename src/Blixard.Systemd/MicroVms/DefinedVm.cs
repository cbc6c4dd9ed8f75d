namespace Blixard.Systemd.MicroVms;

/// <summary>A VM that is laid out in a state directory, whether it runs or not.</summary>
/// <param name="Directory">Its directory, for example <c>/var/lib/microvms/web1</c>.</param>
/// <param name="Booted">
/// True while microvm.nix keeps <c>booted</c>: facts then are of the runner that was started. A host that lost its
/// power keeps it too.
/// </param>
/// <param name="Hypervisor">qemu, cloud-hypervisor, firecracker...; null if the runner does not say.</param>
/// <param name="TapInterfaces">The host's tap interfaces of the VM; empty if it has none.</param>
public sealed record DefinedVm(
    string Name, string Directory, bool Booted, string? Hypervisor, IReadOnlyList<string> TapInterfaces)
{
    public IReadOnlyList<string> MacvtapInterfaces { get; init; } = [];

    /// <summary>The guest's address on vsock(7); null if it has none.</summary>
    public uint? VsockCid { get; init; }

    /// <summary>Where <c>booted</c> leads, a store path; null if it leads nowhere.</summary>
    public string? BootedRunner { get; init; }

    /// <summary>Where <c>current</c> leads: what the next start takes.</summary>
    public string? CurrentRunner { get; init; }

    public bool Equals(DefinedVm? other) =>
        other is not null && Name == other.Name && Directory == other.Directory && Booted == other.Booted
        && Hypervisor == other.Hypervisor && VsockCid == other.VsockCid
        && BootedRunner == other.BootedRunner && CurrentRunner == other.CurrentRunner
        && TapInterfaces.SequenceEqual(other.TapInterfaces, StringComparer.Ordinal)
        && MacvtapInterfaces.SequenceEqual(other.MacvtapInterfaces, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Name, Directory, Booted, Hypervisor, TapInterfaces.Count);
}

/// <summary>What a look into the state directory found.</summary>
/// <param name="Vms">Sorted by name.</param>
/// <param name="Problems">A sentence for each entry that looks like a VM but is refused or cannot be read.</param>
public sealed record DefinedVms(IReadOnlyList<DefinedVm> Vms, IReadOnlyList<string> Problems);

/// <summary>What is laid out otherwise than it was known to be.</summary>
/// <param name="Changed">New VMs, and those of which a link leads elsewhere; by name.</param>
/// <param name="Gone">VMs that are laid out no more.</param>
/// <param name="Problems">As in <see cref="DefinedVms"/>, of what was read.</param>
public sealed record DefinitionChanges(
    IReadOnlyList<DefinedVm> Changed, IReadOnlyList<string> Gone, IReadOnlyList<string> Problems)
{
    public bool IsEmpty => Changed.Count == 0 && Gone.Count == 0;
}
