using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Cluster</c>: with whom this node forms a cluster.</summary>
internal sealed class ClusterOptions : IValidatableObject
{
    public const string Section = "Cluster";

    [Description("All members as `NAME=HOST:PORT` (the Raft address), this node included, the same list on every node. "
        + "Empty: a single node.")]
    public List<string> Peers { get; init; } = [];

    [Description("Flag `--bootstrap`. With peers: an empty data directory may be made a new member of the cluster that "
        + "the list describes. Never set it to bring back a member whose disk was lost.")]
    public bool Bootstrap { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var problems = new List<string>();
        PeerList.Parse(Peers, problems);
        return problems.Select(problem => new ValidationResult(problem));
    }
}

[OptionsValidator]
internal sealed partial class ClusterOptionsValidator : IValidateOptions<ClusterOptions>;
