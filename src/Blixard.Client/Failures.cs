using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>
/// Turns what HttpClient throws, and what a server answers instead of a value, into our three exceptions.
/// </summary>
internal static class Failures
{
    /// <param name="endpoint">Where the request went.</param>
    /// <param name="exception">From sending, or from reading the body.</param>
    /// <param name="changes">
    /// The request asks for a change: once it was sent, a failure leaves its outcome unknown.
    /// </param>
    public static EndpointUnreachableException Unreachable(Endpoint endpoint, Exception exception, bool changes)
    {
        var socket = Find<SocketException>(exception);
        var http = exception as HttpRequestException;
        var notSent = http?.HttpRequestError
            is HttpRequestError.ConnectionError
            or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError
            || socket?.SocketErrorCode is SocketError.ConnectionRefused;
        var reason = (socket?.SocketErrorCode, http?.HttpRequestError) switch
        {
            (SocketError.ConnectionRefused, _) => "connection refused; is it running?",
            (SocketError.AccessDenied, _) => "permission denied; the socket is for root and the blixard group",
            (SocketError.AddressNotAvailable, _) when endpoint.SocketPath is not null =>
                "there is no such socket; is it running?",
            (SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData, _)
                or (_, HttpRequestError.NameResolutionError) => "the host name is not known",
            (SocketError.HostUnreachable or SocketError.NetworkUnreachable, _) => "there is no route to the host",
            (SocketError.ConnectionReset, _) or (_, HttpRequestError.ResponseEnded) => "the connection was closed",
            (_, HttpRequestError.SecureConnectionError) => "TLS failed: " + Innermost(exception).Message,
            _ => Innermost(exception).Message,
        };
        return new EndpointUnreachableException(endpoint, reason, outcomeUnknown: changes && !notSent, exception);
    }

    /// <summary>The problem in the answer; an answer of another kind did not come from a node.</summary>
    public static async Task<Exception> FromAnswerAsync(
        Endpoint endpoint, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var mediaType = response.Content.Headers.ContentType?.MediaType ?? "no content type";
        if (mediaType != ApiRoutes.ProblemMediaType)
        {
            return new MalformedAnswerException(
                endpoint, $"status {(int)response.StatusCode} with {mediaType}; is it a blixard-node?");
        }

        return new ProblemException(
            await ReadAsync(endpoint, response, ApiJson.Default.Problem, cancellationToken));
    }

    public static async Task<T> ReadAsync<T>(
        Endpoint endpoint, HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        try
        {
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
                ?? throw new MalformedAnswerException(endpoint, "null");
        }
        catch (JsonException e)
        {
            throw Malformed(endpoint, e);
        }
    }

    /// <summary>A body that is not JSON, and bounded all the same: an endpoint may be anything.</summary>
    public static async Task<byte[]> ReadBytesAsync(
        Endpoint endpoint, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        const int Most = 64 * 1024;
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Most + 1];
        var length = await body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= Most
            ? buffer[..length]
            : throw new MalformedAnswerException(endpoint, $"more than {Most} bytes");
    }

    /// <summary>A line of a stream.</summary>
    public static T Parse<T>(Endpoint endpoint, string line, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw new MalformedAnswerException(endpoint, "a line is null");
        }
        catch (JsonException e)
        {
            const int Quoted = 80;
            var quoted = line.Length <= Quoted ? line : line[..Quoted] + "…";
            throw new MalformedAnswerException(endpoint, $"a line is {quoted}: {e.Message}", e);
        }
    }

    public static MalformedAnswerException Malformed(Endpoint endpoint, JsonException e) => new(endpoint, e.Message, e);

    private static T? Find<T>(Exception? exception) where T : Exception =>
        exception is null or T ? exception as T : Find<T>(exception.InnerException);

    private static Exception Innermost(Exception exception) =>
        exception.InnerException is null ? exception : Innermost(exception.InnerException);
}
