using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;
using Blixard.StateMachine.Commands;
using HealthPolicy = Blixard.Client.Contracts.HealthPolicy;

namespace Blixard.Node.Api;

/// <summary>Reads a body. Bounded, and JSON strictly: a misspelt member must not silently mean its default.</summary>
internal static class RequestBody
{
    private static readonly ApiJson Strict = new(new JsonSerializerOptions(ApiJson.Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    });

    private const long MaxDrainedBytes = 1 << 20;

    /// <summary>An empty body is one where everything has its default.</summary>
    public static async Task<Body<RegisterVmRequest>> RegisterVmAsync(
        HttpRequest request, ApiLimits limits, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, limits.MaxBodyBytes, cancellationToken);
        return new(body.IsEmpty ? new RegisterVmRequest() : Parse(body, Strict.RegisterVmRequest), body);
    }

    /// <summary>The whole policy; an empty object is the usual one.</summary>
    public static async Task<Body<HealthPolicy>> HealthPolicyAsync(
        HttpRequest request, ApiLimits limits, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, limits.MaxBodyBytes, cancellationToken);
        return new(Parse(body, Strict.HealthPolicy), body);
    }

    /// <summary>Bytes as they are; never none.</summary>
    public static async Task<ReadOnlyMemory<byte>> AnnotationAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, CommandValidator.MaxAnnotationBytes, cancellationToken);
        return body.IsEmpty
            ? throw new ApiException(Problems.InvalidRequest(
                "The body is empty: an annotation has at least one byte. DELETE removes one."))
            : body;
    }

    /// <summary>Says what is missing by name.</summary>
    public static async Task<Body<AddMemberRequest>> AddMemberAsync(
        HttpRequest request, ApiLimits limits, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, limits.MaxBodyBytes, cancellationToken);
        return new(Parse(body, Strict.AddMemberRequest), body);
    }

    /// <summary>An empty body is a transfer to whoever is best.</summary>
    public static async Task<Body<TransferRequest>> TransferAsync(
        HttpRequest request, ApiLimits limits, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, limits.MaxBodyBytes, cancellationToken);
        return new(body.IsEmpty ? new TransferRequest() : Parse(body, Strict.TransferRequest), body);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(
        HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            await DrainAsync(request, cancellationToken);
            throw new ApiException(Problems.TooLarge(limit));
        }

        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            var (length, body) = (read.Buffer.Length, read.IsCompleted ? read.Buffer.ToArray() : null);

            // Every read is ended, or the server can't get rid of the rest of the body.
            request.BodyReader.AdvanceTo(body is null ? read.Buffer.Start : read.Buffer.End, read.Buffer.End);
            if (length > limit)
            {
                await DrainAsync(request, cancellationToken);
                throw new ApiException(Problems.TooLarge(limit));
            }

            if (body is not null)
            {
                return body;
            }
        }
    }

    /// <summary>
    /// Takes the rest and forgets it. A client that is still sending when the connection is closed on it sees a broken
    /// connection instead of the answer; one that sends without end is cut off all the same.
    /// </summary>
    private static async Task DrainAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        for (long drained = 0; drained < MaxDrainedBytes;)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            drained += read.Buffer.Length;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static T Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, type)
                ?? throw new ApiException(Problems.InvalidRequest("The body is null; expected an object."));
        }
        catch (JsonException e)
        {
            throw new ApiException(Problems.InvalidRequest($"The body can't be understood: {e.Message}"));
        }
    }
}

/// <param name="Value">What it says.</param>
/// <param name="Bytes">As it came.</param>
internal readonly record struct Body<T>(T Value, ReadOnlyMemory<byte> Bytes);
