namespace Blixard.Client.Contracts;

/// <summary>Body of <c>POST /v1/cluster/members</c>: a node that is to join.</summary>
public sealed record AddMemberRequest
{
    /// <summary>What it is to be called: its Node:Name, by default its host name.</summary>
    public required string Name { get; init; }

    /// <summary><c>host:port</c> at which it will listen for the other members.</summary>
    public required string RaftAddress { get; init; }

    /// <summary><c>host:port</c> of its API; null: port 7480 of the host in <see cref="RaftAddress"/>.</summary>
    public string? ApiAddress { get; init; }
}

/// <summary>The answer: the node is known, and starts with its token.</summary>
public sealed record AddedMember
{
    /// <summary>16 hexadecimal digits.</summary>
    public required string Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Learner, or observer where there are 16 learners already.</summary>
    public required MembershipKind Membership { get; init; }

    /// <summary>For <c>blixard-node join</c>, on the new node's host; good for this one member.</summary>
    public required string Token { get; init; }
}

/// <summary>Body of <c>POST /v1/cluster/transfer</c>; may be left out.</summary>
public sealed record TransferRequest
{
    /// <summary>Name or id of the voter that is to lead; null: whichever is best.</summary>
    public string? To { get; init; }
}

/// <summary>The answer of <c>POST /v1/cluster/transfer</c>.</summary>
public sealed record Leadership
{
    /// <summary>Name of the node that leads now; null if the answering node does not know yet.</summary>
    public string? Leader { get; init; }
    public required ulong Term { get; init; }
}
