using System.Globalization;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>
/// One screen that answers: is there a leader, is the quorum safe, who lags, who is lost, which VMs are not how they
/// should be. At most 24 lines with three nodes, however bad the day.
/// </summary>
internal static class ClusterStatusView
{
    private const int ScreenLines = 24;
    private const int ScreenColumns = 80;
    private const int LeastAttentionRows = 3;
    private const int WarningLines = 4;

    /// <summary>Fewer entries behind than this is a follower keeping up with a busy leader.</summary>
    private const ulong WorthAWarningLag = 1000;

    /// <summary>Heading, leader, quorum; a blank, the members' header; a blank, the VMs' counts.</summary>
    private const int FixedLines = 7;

    public static IReadOnlyList<Column<ClusterMember>> MemberColumns { get; } =
    [
        Columns.Text<ClusterMember>("NODE", member => member.Name),
        Columns.State<ClusterMember, MemberRole>("ROLE", member => member.Role, role => Exact.Name(role)),
        Columns.State<ClusterMember, NodeStatus>("STATUS", member => member.Status, NodeTable.Status),
        Columns.Text<ClusterMember>("VERSION", member => member.Version),
        new("MATCH", member => Humanize.Number(member.MatchIndex), member => Exact.Of(member.MatchIndex), Right: true),
        new("LAG", Lag, member => Exact.Of(member.Lag), Right: true),
        Columns.Seconds<ClusterMember>("CONTACT", member => member.LastContactSeconds),
        Columns.Text<ClusterMember>("RAFT ADDRESS", member => member.RaftAddress, wide: true),
        Columns.Text<ClusterMember>("API ADDRESS", member => member.ApiAddress, wide: true),
        Columns.Text<ClusterMember>("ID", member => member.Id, wide: true),
    ];

    private static readonly IReadOnlyList<Column<VmAttention>> AttentionColumns =
    [
        Columns.Text<VmAttention>("LOOK AT", vm => vm.Name),
        Columns.Text<VmAttention>("NODE", vm => vm.Node),
        Columns.State<VmAttention, VmState>("STATE", vm => vm.State, VmTable.StateCell),
        Columns.Text<VmAttention>("WHY", vm => vm.Reason),
    ];

    public static void Write(Printer printer, ClusterStatus status)
    {
        WriteHeading(printer, status);
        printer.Line();
        printer.Table(status.Members, MemberColumns);
        printer.Line();
        printer.Line($"vms     {Counts(status.Vms)}");

        var warnings = Warnings(status.Warnings, printer.Width ?? ScreenColumns);
        WriteAttention(printer, status, ScreenLines - FixedLines - status.Members.Count - warnings.Count);
        foreach (var line in warnings)
        {
            printer.Line(line, Tone.Warning);
        }
    }

    /// <summary>"3: 2 running, 1 stopped; 1 stale, 1 unhealthy"; only what there is.</summary>
    public static string Counts(VmSummary vms)
    {
        var states = Join(
            (vms.Running, "running"), (vms.Starting, "starting"), (vms.Stopping, "stopping"),
            (vms.Stopped, "stopped"), (vms.Failed, "failed"), (vms.Unknown, "unknown"));
        var troubles = Join(
            (vms.Stale, "stale"), (vms.Critical, "critical"), (vms.Unresponsive, "unresponsive"),
            (vms.Unhealthy, "unhealthy"), (vms.Degraded, "degraded"));
        var total = Humanize.Number<int>(vms.Total);
        return total + (states.Length > 0 ? ": " + states : "") + (troubles.Length > 0 ? "; " + troubles : "");
    }

    private static void WriteHeading(Printer printer, ClusterStatus status)
    {
        var name = status.ClusterName is { Length: > 0 } given ? $"{given} ({status.ClusterId})" : status.ClusterId;
        var freshness = status switch
        {
            { Stale: false } => $"answered by {status.AnsweredBy}",
            { AgeSeconds: { } age } => $"view of {status.AnsweredBy}, {Humanize.Age(age)} without a leader",
            _ => $"view of {status.AnsweredBy}, never had a leader",
        };
        printer.Line(Printable.Text($"cluster {name}, {freshness}"), status.Stale ? Tone.Warning : Tone.Plain);

        var log = string.Create(CultureInfo.InvariantCulture, $"term {status.Term}, committed {status.CommitIndex}")
            + (status.AppliedIndex < status.CommitIndex
                ? $", applied {Humanize.Number<ulong>(status.AppliedIndex)}"
                : "");
        printer.Line(
            status.Leader is null
                ? $"leader  none, no change is possible; {log}"
                : Printable.Text($"leader  {status.Leader}; {log}"),
            status.Leader is null ? Tone.Bad : Tone.Plain);
        printer.Line($"quorum  {Quorum(status.Quorum)}", QuorumTone(status.Quorum));
    }

    private static string Quorum(QuorumStatus quorum)
    {
        var figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{quorum.Healthy} of {quorum.Voters} voters healthy, {quorum.Needed} needed");
        return quorum switch
        {
            { Safe: false } => $"LOST: {figures}",
            { Tolerates: 0 } => $"safe, but no more may fail: {figures}",
            _ => $"safe: {figures}, {Humanize.Number<int>(quorum.Tolerates)} more may fail",
        };
    }

    private static Tone QuorumTone(QuorumStatus quorum) => quorum switch
    {
        { Safe: false } => Tone.Bad,
        { Tolerates: 0 } => Tone.Warning,
        _ => Tone.Good,
    };

    public static Cell Lag(ClusterMember member) =>
        new(Humanize.Number(member.Lag), member.Lag > WorthAWarningLag ? Tone.Warning : Tone.Plain);

    private static void WriteAttention(Printer printer, ClusterStatus status, int lines)
    {
        if (status.Attention.Count == 0)
        {
            return;
        }

        // A blank, the header and the line about the rest.
        var rows = Math.Max(LeastAttentionRows, lines - 3);
        IReadOnlyList<VmAttention> shown = [.. status.Attention.Take(rows)];
        printer.Line();
        printer.Table(shown, AttentionColumns);
        var rest = Math.Max(status.Vms.NeedAttention, status.Attention.Count) - shown.Count;
        if (rest > 0)
        {
            printer.Line($"and {Humanize.Number<int>(rest)} more: {Surroundings.CommandName} vm list --attention");
        }
    }

    /// <summary>A blank and the sentences, wrapped; the last line says how many did not fit.</summary>
    private static List<string> Warnings(IReadOnlyList<string> warnings, int width)
    {
        if (warnings.Count == 0)
        {
            return [];
        }

        List<string> lines = [""];
        for (var i = 0; i < warnings.Count; i++)
        {
            var wrapped = Wrap.Text("warning ", Printable.Text(warnings[i]), width);
            var isLast = i == warnings.Count - 1;
            if (lines.Count - 1 + wrapped.Count > WarningLines - (isLast ? 0 : 1))
            {
                var left = Humanize.Count(warnings.Count - i, "more warning", "more warnings");
                lines.Add($"and {left}: -o json shows all");
                break;
            }

            lines.AddRange(wrapped);
        }

        return lines;
    }

    private static string Join(params ReadOnlySpan<(int Count, string What)> counts)
    {
        var parts = new List<string>();
        foreach (var (count, what) in counts)
        {
            if (count > 0)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {what}"));
            }
        }

        return string.Join(", ", parts);
    }
}
