using System.Runtime.CompilerServices;
using System.Text;

namespace Blixard.Client;

/// <summary>
/// Reads an answer line by line, as the lines come. Empty ones, which keep the connection alive, are left out.
/// </summary>
internal sealed class LineStream(HttpClient http, BlixardClientOptions options)
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="path">With its query.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<string> ReadAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var expiry = new CancellationTokenSource(options.Timeout, options.Time);
        using var untilBegun = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, cancellationToken);
        using var reader = await GuardAsync(() => OpenAsync(path, untilBegun.Token), cancellationToken);
        while (await GuardAsync(() => reader.ReadLineAsync(cancellationToken).AsTask(), cancellationToken) is { } line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
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

    private async Task<T> GuardAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EndpointUnreachableException(
                options.Endpoint,
                $"no answer within {options.Timeout.TotalSeconds:0.###} s",
                outcomeUnknown: false,
                e);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedAnswerException(options.Endpoint, "a line is not UTF-8", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Failures.Unreachable(options.Endpoint, e, changes: false);
        }
    }
}
