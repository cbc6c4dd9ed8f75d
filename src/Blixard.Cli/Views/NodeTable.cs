using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>Nodes, one a line, and one in full.</summary>
internal static class NodeTable
{
    public static IReadOnlyList<Column<NodeInfo>> All { get; } =
    [
        Columns.Text<NodeInfo>("NAME", node => node.Name),
        Columns.State<NodeInfo, NodeStatus>("STATUS", node => node.Status, Status),
        Columns.State<NodeInfo, MemberRole>("ROLE", node => node.Role, role => Exact.Name(role)),
        Columns.Number<NodeInfo>("VMS", node => node.Vms.Total),
        Columns.Number<NodeInfo>("RUNNING", node => node.Vms.Running),
        Columns.Number<NodeInfo>("MONITORS", node => node.Monitoring),
        Columns.Seconds<NodeInfo>("CONTACT", node => node.LastContactSeconds),
        Columns.Text<NodeInfo>("API ADDRESS", node => node.ApiAddress),
        Columns.Text<NodeInfo>("VERSION", node => node.Version, wide: true),
        Columns.Text<NodeInfo>("RAFT ADDRESS", node => node.RaftAddress, wide: true),
        Columns.Number<NodeInfo>("CPUS", node => node.Capacity?.Cpus, wide: true),
        Columns.Bytes<NodeInfo>("MEMORY", node => node.Capacity?.MemoryBytes, wide: true),
        Columns.Number<NodeInfo>("FAILED", node => node.Vms.Failed, wide: true),
        new("LABELS", node => Labels(node, ','), node => Labels(node, ' '), Wide: true),
        Columns.Text<NodeInfo>("ID", node => node.Id, wide: true),
        Columns.Text<NodeInfo>("BOOT ID", node => node.BootId, wide: true),
    ];

    public static void Write(Printer printer, NodeInfo node) => Fields.Write(printer,
    [
        new("name", node.Name),
        new("id", node.Id),
        new("status", Status(node.Status)),
        new("role", Exact.Name(node.Role)),
        new("version", node.Version),
        new("api", node.ApiAddress),
        new("raft", node.RaftAddress),
        new("contact", node.LastContactSeconds is { } seconds ? Humanize.Age(seconds) + " ago" : null),
        new("boot id", node.BootId),
        new("labels", Labels(node, ',')),
        new("cpus", Humanize.Number(node.Capacity?.Cpus)),
        new("memory", Humanize.Bytes(node.Capacity?.MemoryBytes)),
        new("vms", ClusterStatusView.Counts(node.Vms)),
        new("monitors", Humanize.Count(node.Monitoring, "VM", "VMs")),
    ]);

    public static Cell Status(NodeStatus status) => new(Exact.Name(status), status switch
    {
        NodeStatus.Active => Tone.Good,
        NodeStatus.Lost or NodeStatus.Fenced => Tone.Bad,
        _ => Tone.Warning,
    });

    private static string Labels(NodeInfo node, char separator) => string.Join(
        separator,
        node.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
}
