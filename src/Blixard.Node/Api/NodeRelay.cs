using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client;
using Blixard.Client.Contracts;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.StateMachine.State;
using Microsoft.AspNetCore.Http.Features;
using NodeStatus = Blixard.StateMachine.Commands.NodeStatus;

namespace Blixard.Node.Api;

/// <summary>
/// Passes a GET on to the node that has what it asks for (its journal, its samples), at the API address in the
/// replicated state. Once only: a request that was passed on says whom it is for, and that node answers from what it has
/// itself or not at all.
/// </summary>
internal sealed partial class NodeRelay(
    Replica replica,
    NodeFacts self,
    ApiLimits limits,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<NodeRelay> log) : IDisposable
{
    /// <summary>For a connection to be made: a host that lost its power answers nothing at all.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    /// <summary>What the other node says of its answer, beside the body.</summary>
    private static readonly FrozenSet<string> PassedHeaders = FrozenSet.ToFrozenSet(
        ["Content-Type", "Content-Length", "Retry-After", "X-Content-Type-Options", ApiRoutes.IndexHeader],
        StringComparer.OrdinalIgnoreCase);

    private const int ChunkBytes = 16 * 1024;
    private const int MaxProblemBytes = 64 * 1024;

    private readonly HttpMessageInvoker _http = new(Connector.CreateHandler(socketPath: null, ConnectTimeout));
    private int _open;

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// True if another node passed the request on: it is to be answered from what this node has, wherever the state says
    /// the thing is.
    /// </summary>
    /// <exception cref="ApiException">It is for another node: an address has changed hands.</exception>
    public bool IsForThisNode(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(ApiRoutes.ForNodeHeader, out var meant))
        {
            return false;
        }

        return meant.ToString() == self.Name
            ? true
            : throw new ApiException(Problems.Misdirected(meant.ToString(), self.Name));
    }

    /// <summary>
    /// Answers with what the other node answers, its problems included, as it comes: what the client does not take the
    /// other node does not send. A client that leaves ends the request there; an answer that breaks off there breaks off
    /// here.
    /// </summary>
    /// <param name="context">A GET that was not passed on before.</param>
    /// <param name="node">Whom to ask.</param>
    /// <exception cref="ApiException">It is not known, does not answer, or too many are passed on at once.</exception>
    public async Task PassOnAsync(HttpContext context, string node)
    {
        using var relay = Open();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        var request = context.Request;
        using var answer = await SendAsync(
            node, request.Path.ToUriComponent() + request.QueryString.ToUriComponent(), ends.Token);
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (PassedHeaders.Contains(name))
            {
                response.Headers[name] = values.ToArray();
            }
        }

        try
        {
            await CopyAsync(answer, context, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The client left, or this node stops: the body ends broken, so that nobody takes it for all there was.
            context.Abort();
        }
        catch (Exception e) when (IsOfTheNetwork(e))
        {
            LogBroken(node, e.Message);
            context.Abort();
        }
    }

    /// <summary>The answer of another node to a question of this one.</summary>
    /// <param name="node">Whom to ask.</param>
    /// <param name="pathAndQuery">Escaped, and beginning with a slash.</param>
    /// <param name="type">Of the answer.</param>
    /// <param name="maxBytes">Of the answer; more is no answer.</param>
    /// <param name="cancellationToken">Ends the request there too.</param>
    /// <exception cref="ApiException">It does not answer, or its answer is a problem.</exception>
    public async Task<T> AskAsync<T>(
        string node, string pathAndQuery, JsonTypeInfo<T> type, int maxBytes, CancellationToken cancellationToken)
    {
        using var relay = Open();
        using var answer = await SendAsync(node, pathAndQuery, cancellationToken);
        using var timeout = new CancellationTokenSource(limits.RelayPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await answer.Content.LoadIntoBufferAsync(maxBytes, either.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(either.Token);
            if (!answer.IsSuccessStatusCode)
            {
                var problem = await JsonSerializer.DeserializeAsync(body, ApiJson.Default.Problem, either.Token);
                throw new ApiException(problem ?? Problems.NodeUnreachable(node, "its answer is not understood"));
            }

            return await JsonSerializer.DeserializeAsync(body, type, either.Token)
                ?? throw new ApiException(Problems.NodeUnreachable(node, "its answer is null"));
        }
        catch (JsonException e)
        {
            throw new ApiException(Problems.NodeUnreachable(node, $"its answer is not understood: {e.Message}"));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(Problems.NodeUnreachable(node, "its answer did not end in time"));
        }
        catch (Exception e) when (IsOfTheNetwork(e))
        {
            throw new ApiException(Problems.NodeUnreachable(node, $"its answer broke off: {e.Message.TrimEnd('.')}"));
        }
    }

    /// <summary>The head of an answer that came from the node that was meant.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        string node, string pathAndQuery, CancellationToken cancellationToken)
    {
        var known = replica.State.Nodes.GetValueOrDefault(node) ?? throw new ApiException(Problems.NodeNotFound(node));
        if (!HostPort.TryParse(known.ApiAddress, out var address))
        {
            throw Unreachable(known, "it has not told its API address");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{address}{pathAndQuery}"));
        request.Headers.Add(ApiRoutes.ForNodeHeader, node);
        using var timeout = new CancellationTokenSource(limits.RelayPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        HttpResponseMessage? answer = null;
        try
        {
            answer = await _http.SendAsync(request, either.Token);
            if (await WhyNotAnswerAsync(answer, known, either.Token) is { } reason)
            {
                throw Unreachable(known, reason);
            }

            return Take(ref answer);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The connect timeout of the handler cancels too.
            throw Unreachable(known, timeout.IsCancellationRequested
                ? $"it did not answer at {address} within {limits.RelayPatience.TotalSeconds:0.#} s"
                : $"it did not take a connection at {address} within {ConnectTimeout.TotalSeconds:0.#} s");
        }
        catch (JsonException e)
        {
            throw Unreachable(known, $"its answer is not understood: {e.Message.TrimEnd('.')}");
        }
        catch (Exception e) when (IsOfTheNetwork(e))
        {
            throw Unreachable(known, $"no connection to {address}: {Innermost(e).Message.TrimEnd('.')}");
        }
        finally
        {
            answer?.Dispose();
        }
    }

    /// <summary>Null if it is an answer of the node that was meant, even if a problem.</summary>
    private static async Task<string?> WhyNotAnswerAsync(
        HttpResponseMessage answer, ClusterNode node, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode)
        {
            return null;
        }

        if (answer.Content.Headers.ContentType?.MediaType != ApiRoutes.ProblemMediaType)
        {
            return $"{node.ApiAddress} answers with status {(int)answer.StatusCode} and is no blixard-node";
        }

        if (answer.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.MisdirectedRequest))
        {
            return null;
        }

        // Buffered, so that it can be read once more by whoever passes it on.
        await answer.Content.LoadIntoBufferAsync(MaxProblemBytes, cancellationToken);
        var problem = JsonSerializer.Deserialize(
            await answer.Content.ReadAsByteArrayAsync(cancellationToken), ApiJson.Default.Problem);
        return problem?.Type switch
        {
            ProblemTypes.Misdirected => $"another node answers at its address {node.ApiAddress}",
            ProblemTypes.NotFound => $"its version {node.Version} has no answer to this",
            _ => null,
        };
    }

    private async Task CopyAsync(HttpResponseMessage answer, HttpContext context, CancellationToken cancellationToken)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var writer = new EventWriter(context, limits.MaxStall, time);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                writer.Write(buffer.AsSpan(0, read));
                await writer.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private OpenRelay Open()
    {
        if (Interlocked.Increment(ref _open) > limits.MaxRelays)
        {
            Interlocked.Decrement(ref _open);
            throw new ApiException(Problems.Overloaded(
                $"{limits.MaxRelays} requests are passed on to other nodes already; ask another node."));
        }

        return new OpenRelay(this);
    }

    private static ApiException Unreachable(ClusterNode node, string reason) => new(Problems.NodeUnreachable(
        node.Name, node.Status == NodeStatus.Lost ? $"it is lost, and {reason}" : reason));

    private static bool IsOfTheNetwork(Exception e) =>
        e is HttpRequestException or IOException or SocketException;

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);

    private static HttpResponseMessage Take(ref HttpResponseMessage? answer)
    {
        var taken = answer!;
        answer = null;
        return taken;
    }

    [LoggerMessage(LogLevel.Warning, "An answer that {Node} gave through this node broke off: {Reason}")]
    private partial void LogBroken(string node, string reason);

    private sealed class OpenRelay(NodeRelay relay) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref relay._open);
    }
}
