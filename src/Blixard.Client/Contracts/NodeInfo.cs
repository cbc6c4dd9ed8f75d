namespace Blixard.Client.Contracts;

/// <summary><c>GET /v1/nodes/{node}</c>: one host.</summary>
public sealed record NodeInfo
{
    /// <summary>16 hexadecimal digits; the Raft member id.</summary>
    public required string Id { get; init; }
    public required string Name { get; init; }

    /// <summary><c>host:port</c>.</summary>
    public string? RaftAddress { get; init; }
    public string? ApiAddress { get; init; }
    public string? Version { get; init; }
    public required NodeStatus Status { get; init; }
    public required MemberRole Role { get; init; }

    /// <summary>The host's /proc/sys/kernel/random/boot_id; changes with every boot.</summary>
    public string? BootId { get; init; }

    /// <summary>Zone, rack and whatever else the operator set.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public NodeCapacity? Capacity { get; init; }

    /// <summary>The VMs whose <see cref="Vm.Node"/> this is.</summary>
    public required VmSummary Vms { get; init; }

    /// <summary>How many VMs this node is assigned to judge from outside.</summary>
    public required int Monitoring { get; init; }

    /// <summary>Seconds since the leader heard from it; 0 for the leader itself, null when unknown.</summary>
    public double? LastContactSeconds { get; init; }
}

public sealed record NodeCapacity
{
    public int? Cpus { get; init; }
    public long? MemoryBytes { get; init; }
}
