using System.Text.Json;
using Blixard.Client.Contracts;

namespace Blixard.Node.Tests.Api;

/// <summary>Reads an event stream as any client would: line by line, as the lines come.</summary>
internal sealed class EventReader : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private EventReader(HttpResponseMessage response, StreamReader lines) => (_response, _lines) = (response, lines);

    public static async Task<EventReader> OpenAsync(ApiHost host, string path)
    {
        var response = await host.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(ApiRoutes.EventsMediaType, response.Content.Headers.ContentType?.MediaType);
        return new EventReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>Null at the end of the stream.</summary>
    public async Task<string?> LineAsync() => await _lines.ReadLineAsync().WaitAsync(Patience);

    public async Task<EventRecord> NextAsync() =>
        JsonSerializer.Deserialize((await LineAsync())!, ApiJson.Default.EventRecord)!;

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
