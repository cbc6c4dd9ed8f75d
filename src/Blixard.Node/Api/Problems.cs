using System.Globalization;
using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Api;

/// <summary>
/// The one place where a rejection or an exception becomes application/problem+json (RFC 9457). What a program needs to
/// decide is in <see cref="Problem.Type"/>: 503 only where nothing was appended nor forwarded, so that trying again is
/// safe; once it was, the answer is 504 outcome-unknown.
/// </summary>
internal static class Problems
{
    public static Problem InvalidRequest(string detail) =>
        Make(400, ProblemTypes.InvalidRequest, "Invalid request", detail);

    public static Problem InvalidName(string what, string name) => Make(
        400,
        ProblemTypes.InvalidName,
        "Invalid name",
        $"\"{Shown(name)}\" is not the name of a {what}: 1 to {Rules.MaxNameLength} letters, digits, '_', '-' or '.', the "
            + "first a letter or digit, no '..'.");

    public static Problem PathNotFound(string path) => Make(
        404, ProblemTypes.NotFound, "Not Found", $"There is nothing at {Shown(path)}; /openapi/v1.json lists what there is.");

    public static Problem VmNotFound(string vm) =>
        Make(404, ProblemTypes.VmNotFound, "VM Not Found", $"VM {Shown(vm)} not found.");

    public static Problem AnnotationNotFound(string vm, string key) => Make(
        404, ProblemTypes.AnnotationNotFound, "Annotation Not Found", $"VM {Shown(vm)} has no annotation {Shown(key)}.");

    public static Problem NodeNotFound(string node) =>
        Make(404, ProblemTypes.NodeNotFound, "Node Not Found", $"Node {Shown(node)} not found.");

    public static Problem MethodNotAllowed(string method, string path) => Make(
        405, ProblemTypes.MethodNotAllowed, "Method not allowed", $"{Shown(path)} has no {method}.");

    public static Problem ReadOnly(string method, string path) => Make(
        400, ProblemTypes.InvalidRequest, "Read only", $"{Shown(path)} is read-only: GET, not {method}.");

    public static Problem TooLarge(int limit) => Make(
        413, ProblemTypes.TooLarge, "Too large", $"The body has more than {limit} bytes.");

    /// <param name="meant">The node that the request is for.</param>
    /// <param name="self">The one that got it.</param>
    public static Problem Misdirected(string meant, string self) => Make(
        421, ProblemTypes.Misdirected, "Misdirected", $"The request is for node {Shown(meant)}; this is {self}.");

    /// <param name="node">The one that has what was asked for.</param>
    /// <param name="reason">Why it can't be had from there: a clause without a full stop.</param>
    public static Problem NodeUnreachable(string node, string reason) => Make(
        502, ProblemTypes.NodeUnreachable, "Node unreachable", $"Node {Shown(node)} can't be asked: {reason}.") with
    {
        Extensions = Extension("node", $"\"{JsonEncodedText.Encode(node)}\""),
    };

    public static Problem JournalUnavailable(string node, string reason) => Make(
        503, ProblemTypes.JournalUnavailable, "Journal unavailable", $"The journal of {node} has no answer. {reason}");

    public static Problem NotReady(string detail) => Make(503, ProblemTypes.NotReady, "Not ready", detail);

    public static Problem Overloaded(string detail) => Make(503, ProblemTypes.Overloaded, "Overloaded", detail);

    /// <param name="wanted">The index asked for.</param>
    /// <param name="reached">The index of this node's state.</param>
    public static Problem StaleIndex(ulong wanted, ulong reached) => Make(
        503,
        ProblemTypes.StaleIndex,
        "Index not reached",
        $"This node has applied index {reached} and did not reach {wanted} in time.") with
    {
        Extensions = Extension("index", reached.ToString(CultureInfo.InvariantCulture)),
    };

    public static Problem KeyReused(string detail) =>
        Make(422, ProblemTypes.IdempotencyKeyReused, "Idempotency key reused", detail);

    /// <param name="unknown">What is not known.</param>
    /// <param name="key">Under which the request can be sent again and is applied once; null: there is none.</param>
    public static Problem OutcomeUnknown(OutcomeUnknownException unknown, string? key)
    {
        var problem = Make(504, ProblemTypes.OutcomeUnknown, "Outcome unknown", unknown.Message);
        return key is null ? problem : problem with
        {
            Extensions = Extension("idempotencyKey", $"\"{JsonEncodedText.Encode(key)}\""),
        };
    }

    public static Problem Internal { get; } = Make(
        500, ProblemTypes.Internal, "Internal error", "This is a bug; the log of the node that answered has its details.");

    /// <summary>Null: a bug, to be logged and answered by <see cref="Internal"/>.</summary>
    public static Problem? Of(Exception exception) => exception switch
    {
        ApiException refused => refused.Problem,
        NoLeaderException => Make(
            503,
            ProblemTypes.NoLeader,
            "No leader",
            exception.Message.TrimEnd('.') + ". Reads with ?consistency=stale are answered without a leader."),
        NoSpaceException => Make(507, ProblemTypes.NoSpace, "No space", exception.Message),
        OverloadedException => Overloaded(exception.Message),
        VersionGateException => Make(503, ProblemTypes.VersionGate, "Cluster version too low", exception.Message),
        OutcomeUnknownException unknown => OutcomeUnknown(unknown, key: null),
        CommandTooLargeException => Make(413, ProblemTypes.TooLarge, "Too large", exception.Message),
        BadHttpRequestException { StatusCode: 413 } => Make(413, ProblemTypes.TooLarge, "Too large", exception.Message),
        BadHttpRequestException => InvalidRequest(exception.Message),
        _ => null,
    };

    /// <summary>What the cluster answered to a command that it committed and refused.</summary>
    public static Problem Of(Rejected rejected) => rejected.Reason switch
    {
        RejectionReason.Invalid => InvalidRequest(rejected.Detail),
        RejectionReason.VmNotFound => Make(404, ProblemTypes.VmNotFound, "VM Not Found", rejected.Detail),
        RejectionReason.NodeNotFound => Make(404, ProblemTypes.NodeNotFound, "Node Not Found", rejected.Detail),
        RejectionReason.RunningElsewhere =>
            Make(409, ProblemTypes.RunningElsewhere, "Running elsewhere", rejected.Detail),
        RejectionReason.ChangePending =>
            Make(409, ProblemTypes.ChangePending, "Another change is under way", Sentence(rejected.Detail)),
        RejectionReason.IdempotencyKeyReused => KeyReused(Sentence(rejected.Detail)),
        RejectionReason.OutcomeForgotten =>
            Make(409, ProblemTypes.SessionExpired, "Session expired", Sentence(rejected.Detail)),
        RejectionReason.SessionExpired => Make(409, ProblemTypes.SessionExpired, "Session expired", rejected.Detail),
        RejectionReason.SessionFull => Overloaded(rejected.Detail),
        _ => Make(409, ProblemTypes.Rejected, "Rejected", rejected.Detail) with
        {
            Extensions = Extension(
                "reason", $"\"{JsonNamingPolicy.CamelCase.ConvertName(rejected.Reason.ToString())}\""),
        },
    };

    /// <summary>What the leader could not make of a change of the members.</summary>
    public static Problem ChangeRefused(string reason) =>
        Make(409, ProblemTypes.ChangeRefused, "Not changed", Sentence(reason));

    /// <param name="node">That is to be removed.</param>
    /// <param name="vms">That only it defines.</param>
    public static Problem VmsWouldGo(string node, IReadOnlyList<string> vms) => Make(
        409,
        ProblemTypes.VmsWouldGo,
        "VMs would go with it",
        $"Only {node} defines {string.Join(", ", vms)}: removed with it, with their annotations. Register them on another node "
            + "first, or insist: force=true, blixard cluster remove --force.") with
    {
        Extensions = Extension("vms", $"[{string.Join(',', vms.Select(vm => $"\"{vm}\""))}]"),
    };

    /// <param name="vm">That is to be forgotten.</param>
    /// <param name="losses">Clauses: what would be lost.</param>
    public static Problem VmInUse(string vm, IReadOnlyList<string> losses) => Make(
        409,
        ProblemTypes.VmInUse,
        "VM in use",
        $"VM {vm} is not forgotten: {string.Join("; ", losses)}. A unit that is still there makes it a new VM, with another "
            + "uuid. Insist: force=true, blixard vm remove --force.");

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            // An election takes less; a hint in whole seconds is all the header can say.
            response.Headers.RetryAfter = "1";
        }

        if (problem.Extensions?.TryGetValue("idempotencyKey", out var key) == true)
        {
            response.Headers[ApiRoutes.IdempotencyKeyHeader] = key.GetString();
        }

        await response.WriteAsJsonAsync(
            problem with { Instance = context.Request.Path.Value },
            ApiJson.Indented.Problem,
            ApiRoutes.ProblemMediaType,
            context.RequestAborted);
    }

    private static string Sentence(string text) =>
        text.Length == 0 ? text : $"{char.ToUpperInvariant(text[0])}{text.AsSpan(1)}.";

    private static Problem Make(int status, string type, string title, string detail) =>
        new() { Type = type, Title = title, Status = status, Detail = detail };

    private static Dictionary<string, JsonElement> Extension(string name, string json) =>
        new(StringComparer.Ordinal) { [name] = JsonElement.Parse(json) };

    /// <summary>What comes from outside goes into terminals.</summary>
    public static string Shown(string text)
    {
        var shown = text.Length > 80 ? text[..80] + "…" : text;
        return string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
