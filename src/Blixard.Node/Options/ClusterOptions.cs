using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Cluster</c>: with whom this node forms a cluster.</summary>
internal sealed class ClusterOptions : IValidatableObject
{
    public const string Section = "Cluster";

    [Description("The members that make the cluster, as `NAME=HOST:PORT` (the Raft address), this node included, the same "
        + "list on every one of them. Empty: a single node. A node that joined later, by a token, takes no notice of it.")]
    public List<string> Peers { get; init; } = [];

    [Description("Flag `--bootstrap`. With peers: an empty data directory may be made a new member of the cluster that "
        + "the list describes. Never set it to bring back a member whose disk was lost.")]
    public bool Bootstrap { get; init; }

    [Description("Does the cluster keep the roles of its members by itself: learners promoted, dead voters replaced? Without, "
        + "`blixard cluster promote` does it. This and the next three should be the same on every node: the leader's count.")]
    public bool AutomaticRoles { get; init; } = true;

    [Description("Most voters: 1, 3, 5 or 7. There are 1 for 1 or 2 nodes, 3 for 3 or 4, 5 from 5 on, and 7 from 7 on if "
        + "this is 7. Voters that are there already stay.")]
    [Range(1, 7)]
    public int MaxVoters { get; init; } = 5;

    [Description("A learner is promoted after it has been in contact and caught up for so many seconds.")]
    [Range(0, 86_400)]
    public int PromoteAfterSeconds { get; init; } = 10;

    [Description("A lost voter is replaced by a learner, one at a time, after so many seconds without a word from it.")]
    [Range(10, 604_800)]
    public int ReplaceAfterSeconds { get; init; } = 600;

    [Description("What is known of a VM whose unit is gone from its node is forgotten after so many hours, and the VM with it if no "
        + "other node defines it and it has no annotations. 0: never; `blixard vm remove` does it. The leader's counts.")]
    [Range(0, 87_600)]
    public int ForgetAbsentAfterHours { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var problems = new List<string>();
        PeerList.Parse(Peers, problems);
        if (MaxVoters % 2 == 0)
        {
            problems.Add($"Cluster:MaxVoters {MaxVoters} is even: it would tolerate no failure more than {MaxVoters - 1} do.");
        }

        return problems.Select(problem => new ValidationResult(problem));
    }
}

[OptionsValidator]
internal sealed partial class ClusterOptionsValidator : IValidateOptions<ClusterOptions>;
