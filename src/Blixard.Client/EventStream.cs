using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>One record of an event stream.</summary>
/// <param name="Record">What it says.</param>
/// <param name="Text">The line as the node sent it, with members that this version does not know.</param>
public sealed record EventLine(EventRecord Record, string Text);

/// <summary>Reads newline-delimited events. Empty lines are keep-alives.</summary>
internal sealed class EventStream(HttpClient http, BlixardClientOptions options)
{
    /// <summary>Of a line that is not an event: enough to recognise it, not a whole web page.</summary>
    private const int QuotedCharacters = 80;

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public async IAsyncEnumerable<EventLine> ReadAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var expiry = new CancellationTokenSource(options.ReadyTimeout, options.Time);
        using var untilReady = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, cancellationToken);

        using var reader = await GuardAsync(() => OpenAsync(path, untilReady.Token), expiry, cancellationToken);
        var first = await GuardAsync(() => NextAsync(reader, untilReady.Token), expiry, cancellationToken);
        if (first.Record.Type != EventType.Ready)
        {
            throw new MalformedAnswerException(options.Endpoint, $"the first event is not ready: {Quote(first.Text)}");
        }

        yield return first;
        while (true)
        {
            yield return await GuardAsync(() => NextAsync(reader, cancellationToken), expiry, cancellationToken);
        }
    }

    /// <summary>The reader owns the body, and the body the connection.</summary>
    private async Task<StreamReader> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            using (response)
            {
                throw await Failures.FromAnswerAsync(options.Endpoint, response, cancellationToken);
            }
        }

        return new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), StrictUtf8);
    }

    private async Task<EventLine> NextAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > 0)
            {
                return new EventLine(Parse(line), line);
            }
        }

        throw new EndpointUnreachableException(
            options.Endpoint, "it ended the event stream", outcomeUnknown: false);
    }

    private EventRecord Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ApiJson.Default.EventRecord)
                ?? throw new MalformedAnswerException(options.Endpoint, "an event is null");
        }
        catch (JsonException e)
        {
            throw new MalformedAnswerException(options.Endpoint, $"an event is {Quote(line)}: {e.Message}", e);
        }
    }

    private async Task<T> GuardAsync<T>(
        Func<Task<T>> action, CancellationTokenSource expiry, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EndpointUnreachableException(
                options.Endpoint,
                expiry.IsCancellationRequested
                    ? $"no ready event within {options.ReadyTimeout.TotalSeconds:0.###} s"
                    : $"no connection within {options.ConnectTimeout.TotalSeconds:0.###} s",
                outcomeUnknown: false,
                e);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedAnswerException(options.Endpoint, "an event is not UTF-8", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Failures.Unreachable(options.Endpoint, e, changes: false);
        }
    }

    private static string Quote(string line) =>
        line.Length <= QuotedCharacters ? line : line[..QuotedCharacters] + "…";
}
