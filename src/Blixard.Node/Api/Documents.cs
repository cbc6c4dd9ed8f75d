using System.Text.Encodings.Web;
using System.Text.Json;
using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>The JSON of /v1: on one line, with no more escapes than JSON demands, as people read it too.</summary>
internal static class Documents
{
    public static ApiJson Json { get; } = new(new JsonSerializerOptions(ApiJson.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
