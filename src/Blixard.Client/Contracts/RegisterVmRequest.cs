namespace Blixard.Client.Contracts;

/// <summary>
/// Body of <c>PUT /v1/vms/{vm}</c>: tells the cluster that a VM is defined on a node. Answers the VM, 201 when it is
/// new.
/// Registering it again on the same node changes nothing; on another node adds that node as a candidate.
/// </summary>
public sealed record RegisterVmRequest
{
    /// <summary>Where it is defined; null for the node that answers.</summary>
    public string? Node { get; init; }

    /// <summary>
    /// Its unit there; null for <c>microvm@NAME.service</c> (a user service: <c>microvm-NAME.service</c>).
    /// </summary>
    public string? Unit { get; init; }

    public bool UserService { get; init; }
}
