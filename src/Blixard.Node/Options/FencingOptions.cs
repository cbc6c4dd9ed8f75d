using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Fencing</c>: where the gate and the fence of this host look.</summary>
internal sealed class FencingOptions
{
    public const string Section = "Fencing";

    [Description("Where the gate finds what outlives a boot: the list of managed VMs, grants and tombstones. The package "
        + "makes it; where it is missing this node takes no part in leases and keeps no managed VM.")]
    [Required]
    public string GateDirectory { get; init; } = "/var/lib/blixard-gate";

    [Description("Where the gate and the fence find the lease and the grants of this boot. They look nowhere else: another "
        + "place is for trying things.")]
    [Required]
    public string RunDirectory { get; init; } = "/run/blixard";
}

[OptionsValidator]
internal sealed partial class FencingOptionsValidator : IValidateOptions<FencingOptions>;
