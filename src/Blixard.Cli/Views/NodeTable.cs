using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>Nodes, one a line, and one in full.</summary>
internal static class NodeTable
{
    public static IReadOnlyList<Column<NodeInfo>> Columns { get; } =
    [
        new("NAME", node => node.Name, node => node.Name),
        new("STATUS", node => Status(node.Status), node => Exact.Name(node.Status)),
        new("ROLE", node => Exact.Name(node.Role), node => Exact.Name(node.Role)),
        new("VMS", node => Humanize.Number<int>(node.Vms.Total), node => Exact.Of<int>(node.Vms.Total), Right: true),
        new("RUNNING", node => Humanize.Number<int>(node.Vms.Running), node => Exact.Of<int>(node.Vms.Running), Right: true),
        new("MONITORS", node => Humanize.Number<int>(node.Monitoring), node => Exact.Of<int>(node.Monitoring), Right: true),
        new("CONTACT", node => Humanize.Age(node.LastContactSeconds), node => Exact.Of(node.LastContactSeconds), Right: true),
        new("API ADDRESS", node => node.ApiAddress, node => node.ApiAddress),
        new("VERSION", node => node.Version, node => node.Version, Wide: true),
        new("RAFT ADDRESS", node => node.RaftAddress, node => node.RaftAddress, Wide: true),
        new("CPUS", node => Humanize.Number(node.Capacity?.Cpus), node => Exact.Of(node.Capacity?.Cpus), Wide: true, Right: true),
        new("MEMORY", node => Humanize.Bytes(node.Capacity?.MemoryBytes), node => Exact.Of(node.Capacity?.MemoryBytes), Wide: true, Right: true),
        new("FAILED", node => Humanize.Number<int>(node.Vms.Failed), node => Exact.Of<int>(node.Vms.Failed), Wide: true, Right: true),
        new("LABELS", node => Labels(node, ','), node => Labels(node, ' '), Wide: true),
        new("ID", node => node.Id, node => node.Id, Wide: true),
        new("BOOT ID", node => node.BootId, node => node.BootId, Wide: true),
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
