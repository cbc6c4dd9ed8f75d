using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.Raft.Core;

namespace Blixard.Node.Metrics;

/// <summary>
/// The engine's figures of this moment; its counters and histograms come from its meter. Only the leader knows its
/// peers, so only the leader exports them.
/// </summary>
internal sealed class RaftCollector(IRaftEngine engine, Replica replica, NodeFacts node) : ICollector
{
    public void Collect(PrometheusText text)
    {
        var status = engine.Status;
        Add(text, "blixard_raft_term", "Current term.", status.Term);
        Add(text, "blixard_raft_commit_index", "Highest log index known to be committed.", status.Commit);
        Add(
            text, "blixard_raft_applied_index", "Highest log index applied to this node's replica.",
            replica.State.Index);
        Add(text, "blixard_raft_durable_index", "Highest log index on this node's stable storage.", status.Durable);
        Add(text, "blixard_raft_first_index", "First log index still in this node's log.", status.First);
        Add(text, "blixard_raft_last_index", "Last log index in this node's log.", status.Last);
        Add(text, "blixard_raft_is_leader", "1 if this node leads.", status.Role == RaftRole.Leader ? 1 : 0);
        Add(text, "blixard_raft_has_leader", "1 if this node knows a leader.", status.Leader.IsNone ? 0 : 1);
        Add(
            text, "blixard_raft_repairing",
            "1 if this node lost what it had stored to a damaged disk, and does not vote until it has it back.",
            status.Repair is null ? 0 : 1);
        Add(
            text, "blixard_raft_storage_low", "1 if the space on this node's disk is below its reserve.",
            status.StorageLow ? 1 : 0);
        Add(text, "blixard_raft_storage_free_bytes", "Free space beside the log.", status.FreeBytes);
        Add(
            text, "blixard_raft_disk_stalled", "1 if the disk has not answered for longer than an election timeout.",
            status.DiskStalled ? 1 : 0);
        Add(text, "blixard_raft_voters", "Members whose majority elects and commits.", status.Configuration.Voters.Count);
        Add(
            text, "blixard_raft_membership_change_pending",
            "1 if a change of the members was asked for and is not done yet.",
            replica.State.Membership.Pending is null ? 0 : 1);

        var lag = text.Gauge(
            "blixard_raft_peer_lag_entries", "Entries of the leader's log that the peer is not known to have stored.");
        var contact = text.Gauge(
            "blixard_raft_peer_last_contact_seconds", "Time since the leader heard from the peer.");
        if (status.Role != RaftRole.Leader)
        {
            return;
        }

        var names = MemberNames.Of(replica.State, node);
        foreach (var peer in status.Peers)
        {
            var label = new Label("peer", names.Of(peer.Member));
            lag.Add(status.Last - Math.Min(status.Last, peer.Match), label);
            contact.Add(peer.SinceContact.TotalSeconds, label);
        }
    }

    private static void Add(PrometheusText text, string name, string help, double value) =>
        text.Gauge(name, help).Add(value);
}
