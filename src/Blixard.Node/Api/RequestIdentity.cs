using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary>
/// What tells a request that asks for a change from any other: method, path, query and body. Hashed only if there is a
/// key, or one is to be made up.
/// </summary>
internal readonly struct RequestIdentity
{
    private readonly HttpRequest _request;
    private readonly ReadOnlyMemory<byte> _body;

    private RequestIdentity(HttpRequest request, ReadOnlyMemory<byte> body) => (_request, _body) = (request, body);

    /// <summary>As the client sent it; null: it sent none.</summary>
    public IdempotencyKey? Key { get; private init; }

    /// <param name="request">Its header may have a key.</param>
    /// <param name="body">As it came.</param>
    /// <exception cref="ApiException">The key is none, or belongs to another request.</exception>
    public static RequestIdentity Of(HttpRequest request, ReadOnlyMemory<byte> body)
    {
        if (!request.Headers.TryGetValue(ApiRoutes.IdempotencyKeyHeader, out var values))
        {
            return new RequestIdentity(request, body);
        }

        var hash = Hash(request, body);
        var key = values.Count == 1 ? IdempotencyKey.Parse(values.ToString(), hash) : null;
        if (key is null)
        {
            throw new ApiException(Problems.InvalidRequest(
                $"The {ApiRoutes.IdempotencyKeyHeader} header is one key of 1 to 128 visible ASCII characters; one that begins "
                    + "with \"blixard.\" is as a node gave it."));
        }

        return key.RequestHash == hash
            ? new RequestIdentity(request, body) { Key = key }
            : throw new ApiException(Problems.KeyReused("This key was given for another request."));
    }

    /// <summary>The key under which it can be asked for again; null: there is none.</summary>
    public string? KeyFor(OutcomeUnknownException unknown) => Key?.Text
        ?? (unknown.Number is { } number ? IdempotencyKey.Of(number, Hash(_request, _body)).Text : null);

    private static ulong Hash(HttpRequest request, ReadOnlyMemory<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path}{request.QueryString}\n"));
        hash.AppendData(body.Span);
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(bytes);
        return Math.Max(1, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }
}
