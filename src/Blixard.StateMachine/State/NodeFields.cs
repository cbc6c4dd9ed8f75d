namespace Blixard.StateMachine.State;

/// <summary>A node taken apart.</summary>
internal static class NodeFields
{
    public static FieldList Of(ClusterNode node)
    {
        var fields = new FieldList();
        fields.Text("member_id", MemberText(node.MemberId));
        fields.Number("registered_at", node.RegisteredAt);
        fields.Text("api_address", node.ApiAddress);
        fields.Text("raft_address", node.RaftAddress);
        fields.Text("version", node.Version);
        fields.Number("cluster_version", node.ClusterVersion == 0 ? null : node.ClusterVersion);
        fields.Number("cpus", node.Cpus);
        fields.Figure("memory_bytes", node.MemoryBytes);
        fields.Text("status", node.Status.ToString());
        fields.Text("status_reason", node.StatusReason);
        fields.Number("status_since", node.StatusSince);
        fields.Text("boot_id", node.BootId);
        Add(fields, node.Lease);
        if (node.Drain is { } drain)
        {
            fields.Number("drain.request", (long)drain.Request);
            fields.Text("drain.actor", drain.Actor);
            fields.Text("drain.reason", drain.Reason);
            fields.Number("drain.since", drain.Since);
            fields.Number("drain.deadline_at", drain.DeadlineAt == 0 ? null : drain.DeadlineAt);
        }

        foreach (var (key, value) in node.Labels)
        {
            fields.Text($"labels[{key}]", value);
        }

        fields.Text("previous_boot_id", node.PreviousBootId, silent: true);
        fields.Number("observation_sequence", unchecked((long)node.ObservationSequence), silent: true);
        fields.Number("last_seen", node.LastSeen, silent: true);
        fields.Number("confirmed_at", node.ConfirmedAt, silent: true);
        fields.Flag("awaits_report", node.AwaitsReport, silent: true);
        return fields;
    }

    /// <summary>
    /// No field for a node that never took part: states of versions that knew no leases keep their hash.
    /// </summary>
    private static void Add(FieldList fields, NodeLease lease)
    {
        if (lease != NodeLease.None)
        {
            fields.Number("lease.epoch", (long)lease.Epoch);
            fields.Text("lease.standing", lease.Standing.ToString());
            fields.Text("lease.boot_id", lease.BootId);
            fields.Number("lease.kill_budget_ms", lease.KillBudgetMs);
            fields.Number("lease.watchdog_ms", lease.WatchdogMs);
            fields.Number("lease.suspected_at", lease.SuspectedAt == 0 ? null : (long)lease.SuspectedAt);
            fields.Text("lease.reason", lease.Reason);
            fields.Number("lease.since", lease.Since);
        }
    }

    /// <summary>Member ids use all 64 bits, more than a JSON number holds: sixteen hexadecimal digits.</summary>
    internal static string MemberText(ulong memberId) => $"{memberId:x16}";
}
