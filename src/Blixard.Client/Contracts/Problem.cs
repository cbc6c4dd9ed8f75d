using System.Text.Json;
using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>An error of the API: application/problem+json (RFC 9457).</summary>
public sealed record Problem
{
    /// <summary>One of <see cref="ProblemTypes"/>; programs decide by this, never by the texts.</summary>
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }

    /// <summary>What went wrong here and what to do, for people. The CLI prints it.</summary>
    public string? Detail { get; init; }

    /// <summary>The path asked for.</summary>
    public string? Instance { get; init; }

    /// <summary>
    /// Members that only some types have, beside the others in the object (leader, node, index, …). Not init: the
    /// source-generated reader gives those to a constructor, which extension data can't be.
    /// </summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extensions { get; set; }
}

/// <summary>Stable names of what can go wrong, with the HTTP status each comes with.</summary>
public static class ProblemTypes
{
    private const string Prefix = "urn:blixard:problem:";

    /// <summary>400: a name that no VM or node can have.</summary>
    public const string InvalidName = Prefix + "invalid-name";

    /// <summary>400: a parameter or a body that cannot be understood; says which.</summary>
    public const string InvalidRequest = Prefix + "invalid-request";

    /// <summary>404: no such path.</summary>
    public const string NotFound = Prefix + "not-found";

    /// <summary>404.</summary>
    public const string VmNotFound = Prefix + "vm-not-found";

    /// <summary>404: the VM is known and has no annotation of that key.</summary>
    public const string AnnotationNotFound = Prefix + "annotation-not-found";

    /// <summary>404.</summary>
    public const string NodeNotFound = Prefix + "node-not-found";

    /// <summary>405; vminfod's surface answers 400 instead.</summary>
    public const string MethodNotAllowed = Prefix + "method-not-allowed";

    /// <summary>409: the VM already runs on another node; extension <c>node</c>.</summary>
    public const string RunningElsewhere = Prefix + "running-elsewhere";

    /// <summary>409: the command was committed and refused for another reason; extension <c>reason</c>.</summary>
    public const string Rejected = Prefix + "rejected";

    /// <summary>409: another change of the members is under way; one at a time.</summary>
    public const string ChangePending = Prefix + "change-pending";

    /// <summary>409: the change of the members was not made; says why. Nothing is different.</summary>
    public const string ChangeRefused = Prefix + "change-refused";

    /// <summary>409: no other node defines the VMs in extension <c>vms</c>, so they would go with the node.</summary>
    public const string VmsWouldGo = Prefix + "vms-would-go";

    /// <summary>409: the VM is not forgotten, for something would be lost: the detail says what.</summary>
    public const string VmInUse = Prefix + "vm-in-use";

    /// <summary>
    /// 409: the node's session is gone; the outcome of what was sent under it is not known to it any more.
    /// </summary>
    public const string SessionExpired = Prefix + "session-expired";

    /// <summary>413.</summary>
    public const string TooLarge = Prefix + "too-large";

    /// <summary>421: the request is for another node than the one that answers; only nodes see it.</summary>
    public const string Misdirected = Prefix + "misdirected";

    /// <summary>422: the idempotency key was used before, for another request.</summary>
    public const string IdempotencyKeyReused = Prefix + "idempotency-key-reused";

    /// <summary>500: a bug; the node's log has it.</summary>
    public const string Internal = Prefix + "internal";

    /// <summary>
    /// 502: the node that has what was asked for does not answer; extension <c>node</c>, the detail says why.
    /// </summary>
    public const string NodeUnreachable = Prefix + "node-unreachable";

    /// <summary>503: nothing was appended or forwarded, retrying is safe.</summary>
    public const string NoLeader = Prefix + "no-leader";

    /// <summary>503: too much is under way; nothing was appended, retry after the Retry-After header.</summary>
    public const string Overloaded = Prefix + "overloaded";

    /// <summary>
    /// 503: a node of the cluster would not understand the change, the detail says which; nothing was appended.
    /// </summary>
    public const string VersionGate = Prefix + "version-gate";

    /// <summary>503: the journal of the node that has the VM's can't be read; the detail says why.</summary>
    public const string JournalUnavailable = Prefix + "journal-unavailable";

    /// <summary>503: this node still replays its log.</summary>
    public const string NotReady = Prefix + "not-ready";

    /// <summary>
    /// 503: this node has not reached <c>min_index</c> in time; extension <c>index</c> is where it is.
    /// </summary>
    public const string StaleIndex = Prefix + "stale-index";

    /// <summary>507: the disks are nearly full; nothing was appended or forwarded.</summary>
    public const string NoSpace = Prefix + "no-space";

    /// <summary>
    /// 504: appended or forwarded, and no outcome in time: it may yet be applied; extension <c>idempotencyKey</c> is the
    /// key with which it can be sent again, to any node, and is applied once.
    /// </summary>
    public const string OutcomeUnknown = Prefix + "outcome-unknown";
}
