using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// The JSON of the API: camelCase, enums by name, instants in UTC. Nulls are written, as null is an answer
/// ("the kernel does not tell"). Unknown members are ignored, so that an older client reads a newer node.
/// Server and client both use this, and neither needs reflection.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(UtcInstantConverter)])]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(ClusterMember))]
[JsonSerializable(typeof(IReadOnlyList<ClusterMember>))]
[JsonSerializable(typeof(AddMemberRequest))]
[JsonSerializable(typeof(AddedMember))]
[JsonSerializable(typeof(TransferRequest))]
[JsonSerializable(typeof(Leadership))]
[JsonSerializable(typeof(Vm))]
[JsonSerializable(typeof(IReadOnlyList<Vm>))]
[JsonSerializable(typeof(IReadOnlyList<VmAnnotation>))]
[JsonSerializable(typeof(LogRecord))]
[JsonSerializable(typeof(VmHistory))]
[JsonSerializable(typeof(HealthPolicy))]
[JsonSerializable(typeof(NodeInfo))]
[JsonSerializable(typeof(IReadOnlyList<NodeInfo>))]
[JsonSerializable(typeof(EventRecord))]
[JsonSerializable(typeof(FieldChange))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(RegisterVmRequest))]
[JsonSerializable(typeof(Ping))]
[JsonSerializable(typeof(LocalStatus))]
public sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>
    /// The same, indented by two spaces: what vminfod's surface answers and <c>-o json</c> prints. Escapes only what
    /// JSON demands: it is read by people, and never stands inside HTML.
    /// </summary>
    public static ApiJson Indented => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        WriteIndented = true,
        IndentSize = 2,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
