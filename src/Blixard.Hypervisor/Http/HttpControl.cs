using System.Net.Sockets;
using System.Text.Json;
using Blixard.Hypervisor.Control;

namespace Blixard.Hypervisor.Http;

/// <summary>One GET over a unix socket, on a connection of its own.</summary>
internal static class HttpControl
{
    /// <returns>The answer's body, an object.</returns>
    public static async Task<JsonDocument> GetAsync(string path, string resource, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
                new NetworkStream(await ControlSocket.ConnectAsync(path, token), ownsSocket: true),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseHeadersLength = 16,
        };
        using var client = new HttpClient(handler, disposeHandler: false)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = ControlSocket.MaxAnswerBytes,
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost" + resource);
        request.Headers.ConnectionClose = true;
        request.Headers.Accept.Add(new("application/json"));
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode
                ? Parse(path, resource, body)
                : throw new ControlSocketException(
                    ControlSocketError.ErrorAnswer,
                    path,
                    $"GET {resource} is answered with {(int)response.StatusCode}: "
                        + ControlSocket.Quote(System.Text.Encoding.UTF8.GetString(body)));
        }
        catch (HttpRequestException e) when (e.InnerException is ControlSocketException cause)
        {
            throw new ControlSocketException(cause.Error, path, "cannot connect", e);
        }
        catch (HttpRequestException e)
        {
            throw e.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded
                ? new ControlSocketException(ControlSocketError.Malformed, path, "what it sent is no HTTP answer", e)
                : new ControlSocketException(
                    ControlSocketError.Closed, path, "the connection ended before the answer", e);
        }
    }

    /// <summary>A number of a member, or of a member of members; null where there is none.</summary>
    public static ulong? Number(JsonElement element, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.Number && element.TryGetUInt64(out var number) && number <= Most
            ? number
            : null;
    }

    // So that sums and MiB in bytes stay what they are: 8 TiB in MiB, and 8 EiB are not near it.
    private const ulong Most = 1UL << 48;

    private static JsonDocument Parse(string path, string resource, byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException e)
        {
            throw new ControlSocketException(
                ControlSocketError.Malformed, path, $"the answer to GET {resource} is no JSON", e);
        }
    }
}
