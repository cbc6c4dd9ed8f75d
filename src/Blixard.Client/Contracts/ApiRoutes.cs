namespace Blixard.Client.Contracts;

/// <summary>
/// Paths, query keys and headers of the HTTP API, said once for the server, the client and the tests.
/// </summary>
public static class ApiRoutes
{
    /// <summary>Linearizable by default; <see cref="Consistency"/> asks for the local replica instead.</summary>
    public const string Cluster = "/v1/cluster";
    public const string Members = "/v1/cluster/members";
    public const string Transfer = "/v1/cluster/transfer";
    public const string Cancel = "/v1/cluster/cancel";
    public const string Nodes = "/v1/nodes";
    public const string Vms = "/v1/vms";
    public const string Events = "/v1/events";

    /// <summary>vminfod's surface: read-only, this node's replica, answered in a partition too.</summary>
    public const string LocalPing = "/ping";
    public const string LocalStatus = "/status";
    public const string LocalVms = "/vms";
    public const string LocalEvents = "/events";

    public const string Metrics = "/metrics";
    public const string Live = "/healthz/live";
    public const string Ready = "/healthz/ready";

    /// <summary>Query: <c>linearizable</c> (default) or <c>stale</c>.</summary>
    public const string Consistency = "consistency";

    /// <summary>Query: answer only from a state at or after this log index (read your writes).</summary>
    public const string MinIndex = "min_index";

    /// <summary>
    /// Query: hold the answer until the resource changed after <see cref="Index"/>, at most this long ("30s").
    /// </summary>
    public const string Wait = "wait";

    /// <summary>Query: the index the caller has seen; goes with <see cref="Wait"/>.</summary>
    public const string Index = "index";

    /// <summary>Query of <see cref="Events"/>: only changes with a higher index, instead of the full list.</summary>
    public const string Since = "since";

    /// <summary>Query of a removal: <c>true</c> to remove it with all that is lost by that.</summary>
    public const string Force = "force";

    /// <summary>Query of <see cref="Logs"/>: how many lines.</summary>
    public const string Lines = "n";

    /// <summary>Query of <see cref="Logs"/>: only lines at least this severe, by name or number of syslog(3).</summary>
    public const string Priority = "priority";

    /// <summary>Query of <see cref="Logs"/>: only lines after this cursor.</summary>
    public const string After = "after";

    /// <summary>Query of <see cref="Logs"/>: go on with what is written.</summary>
    public const string Follow = "follow";

    /// <summary>Query of <see cref="Logs"/>: the node whose journal is meant.</summary>
    public const string OfNode = "node";

    /// <summary>Query of <see cref="VmHistory"/>: which figure.</summary>
    public const string Metric = "metric";

    /// <summary>Query of <see cref="VmHistory"/>: until when.</summary>
    public const string Until = "until";

    /// <summary>Query of <see cref="VmHistory"/>: what makes a point.</summary>
    public const string Step = "step";

    /// <summary>Answer header: log index of the state that the answer was made from.</summary>
    public const string IndexHeader = "Blixard-Index";

    /// <summary>
    /// Answer header of stale reads: seconds (decimal) since the answering node last had contact with a leader.
    /// Absent on linearizable answers, and where there never was a contact.
    /// </summary>
    public const string LastContactHeader = "Blixard-Last-Contact";

    /// <summary>
    /// Header of a change, 1 to 128 visible ASCII characters: sent again with the same key, through any node, it is made
    /// once. In an answer <c>outcome-unknown</c> it is the key to send it again with.
    /// </summary>
    public const string IdempotencyKeyHeader = "Idempotency-Key";

    /// <summary>
    /// Request header between nodes: the name of the node that is to answer from what it has itself. Whoever gets it
    /// passes nothing on.
    /// </summary>
    public const string ForNodeHeader = "Blixard-For-Node";

    /// <summary>Of an annotation's value, whatever it is.</summary>
    public const string BytesMediaType = "application/octet-stream";
    public const string ProblemMediaType = "application/problem+json";
    public const string EventsMediaType = "application/x-ndjson";

    public static string Vm(string vm) => $"{Vms}/{Uri.EscapeDataString(vm)}";

    public static string HealthPolicy(string vm) => $"{Vm(vm)}/health-policy";

    public static string Annotations(string vm) => $"{Vm(vm)}/annotations";

    public static string Annotation(string vm, string key) => $"{Annotations(vm)}/{Uri.EscapeDataString(key)}";

    public static string VmHistory(string vm) => $"{Vm(vm)}/history";

    public static string Logs(string vm) => $"{Vm(vm)}/logs";

    /// <param name="member">Its name or id.</param>
    public static string Member(string member) => $"{Members}/{Uri.EscapeDataString(member)}";

    /// <inheritdoc cref="Member"/>
    public static string Promote(string member) => $"{Member(member)}/promote";

    public static string Node(string node) => $"{Nodes}/{Uri.EscapeDataString(node)}";

    public static string LocalVm(string id) => $"{LocalVms}/{Uri.EscapeDataString(id)}";
}
