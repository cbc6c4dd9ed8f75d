using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Metrics;

/// <summary>
/// This node, and the fleet as its replica counts it. Every node exports the fleet's counts, so that a lost node is
/// seen on the others: take the <c>max</c>, never the <c>sum</c>.
/// </summary>
internal sealed class NodeCollector(
    Replica replica, ILocalVms local, ChangeFeed feed, EventStreams streams, Reads reads, NodeFacts node) : ICollector
{
    public void Collect(PrometheusText text)
    {
        text.Gauge("blixard_build_info", "Always 1; the version of this node and the name it has in the cluster.")
            .Add(1, new("version", node.Version), new("node", node.Name));

        var state = replica.State;
        var own = state.Nodes.TryGetValue(node.Name, out var registered) ? registered.ShownStatus : NodeStatus.Unknown;
        var status = text.Gauge("blixard_node_status", "1 for the status this node has in the cluster, 0 for the others.");
        var nodes = text.Gauge("blixard_cluster_nodes", "Nodes of the cluster in this status, by this node's replica.");
        foreach (var value in Enum.GetValues<NodeStatus>())
        {
            var label = new Label("status", Names.Of(value));
            status.Add(own == value ? 1 : 0, label);
            nodes.Add(state.Nodes.Values.Count(other => other.ShownStatus == value), label);
        }

        var units = text.Gauge("blixard_node_units", "Units of VMs on this host in this state, running or not.");
        var vms = text.Gauge("blixard_cluster_vms", "VMs of the cluster in this state, by this node's replica.");
        var here = local.Vms;
        foreach (var value in Enum.GetValues<VmState>())
        {
            var label = new Label("state", Names.Of(value));
            units.Add(here.Count(vm => vm.State == value), label);
            vms.Add(state.Vms.Values.Count(vm => vm.State == value), label);
        }

        text.Gauge(
                "blixard_cluster_vms_duplicate_running",
                "VMs of the cluster that more than one node says it runs, by this node's replica.")
            .Add(state.Vms.Values.Count(vm => vm.DuplicateRunning));
        text.Gauge("blixard_cluster_version", "Version of the commands that the cluster may use; the least of its nodes.")
            .Add(state.ClusterVersion);
        text.Gauge("blixard_sessions", "Sessions of proposers in the replicated state.").Add(state.Sessions.All.Count);
        text.Gauge("blixard_events_held", "Changes held for those who resume an event stream.").Add(feed.Count);
        text.Gauge("blixard_events_held_bytes", "Estimated memory of the changes held.").Add(feed.Bytes);
        text.Gauge("blixard_event_streams", "Event streams that are open.").Add(streams.Count);
        text.Gauge("blixard_waiting_reads", "Reads that wait for a quorum, for an index or for a change.")
            .Add(reads.Waiting);
    }
}
