using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>The members of the cluster, one a line.</summary>
internal static class MemberTable
{
    public static IReadOnlyList<Column<ClusterMember>> All { get; } =
    [
        Columns.Text<ClusterMember>("NODE", member => member.Name),
        Columns.Text<ClusterMember>("ID", member => member.Id),
        Columns.State<ClusterMember, MembershipKind>("ROLE", member => member.Membership, Kind),
        new("LEADS", member => member.Leader ? "*" : "", member => Exact.Of(member.Leader)),
        new("STATUS", Status, member => Exact.Name(member.Status)),
        Columns.Text<ClusterMember>("RAFT ADDRESS", member => member.RaftAddress),
        Columns.Text<ClusterMember>("API ADDRESS", member => member.ApiAddress, wide: true),
        Columns.Text<ClusterMember>("VERSION", member => member.Version, wide: true),
        new(
            "MATCH",
            member => Humanize.Number(member.MatchIndex),
            member => Exact.Of(member.MatchIndex),
            Wide: true,
            Right: true),
        new("LAG", ClusterStatusView.Lag, member => Exact.Of(member.Lag), Right: true),
        Columns.Seconds<ClusterMember>("CONTACT", member => member.LastContactSeconds),
        Columns.Text<ClusterMember>("PENDING", member => member.Pending, wide: true),
        Columns.Text<ClusterMember>("TROUBLE", member => member.Trouble, wide: true),
    ];

    public static IReadOnlyList<Column<AddedMember>> Added { get; } =
    [
        Columns.Text<AddedMember>("NODE", member => member.Name),
        Columns.Text<AddedMember>("ID", member => member.Id),
        Columns.Text<AddedMember>("TOKEN", member => member.Token),
    ];

    public static IReadOnlyList<Column<Leadership>> Leadership { get; } =
    [
        Columns.Text<Leadership>("LEADER", leadership => leadership.Leader),
        new("TERM", leadership => Humanize.Number<ulong>(leadership.Term), leadership => Exact.Of<ulong>(leadership.Term)),
    ];

    /// <summary>With what its disk keeps it from.</summary>
    private static Cell Status(ClusterMember member)
    {
        var status = NodeTable.Status(member.Status);
        return member.Trouble is { } trouble
            ? new($"{status.Text}, {trouble}", status.Tone == Tone.Bad ? Tone.Bad : Tone.Warning)
            : status;
    }

    public static Cell Kind(MembershipKind kind) => new(Exact.Name(kind), kind switch
    {
        MembershipKind.Voter => Tone.Plain,
        MembershipKind.Learner or MembershipKind.Observer => Tone.Plain,
        _ => Tone.Warning,
    });
}
