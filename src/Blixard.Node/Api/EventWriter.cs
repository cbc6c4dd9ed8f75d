using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>
/// Newline-delimited JSON into a response. What a reader does not take stays in the connection's bounded buffer; one
/// that takes nothing for too long is disconnected.
/// </summary>
internal sealed class EventWriter(HttpContext context, TimeSpan maxStall, TimeProvider time)
{
    private readonly PipeWriter _body = context.Response.BodyWriter;

    public void Write(EventRecord record) => Write(record, Documents.Json.EventRecord);

    /// <summary>Written, but not necessarily sent before <see cref="FlushAsync"/>.</summary>
    public void Write<T>(T record, JsonTypeInfo<T> type)
    {
        using (var json = new Utf8JsonWriter(_body))
        {
            JsonSerializer.Serialize(json, record, type);
        }

        KeepAlive();
    }

    /// <summary>What another node wrote.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => _body.Write(bytes);

    /// <summary>An empty line: nothing to a reader, but traffic to whatever cuts idle connections.</summary>
    public void KeepAlive()
    {
        _body.GetSpan(1)[0] = (byte)'\n';
        _body.Advance(1);
    }

    /// <exception cref="OperationCanceledException">The reader is gone or was disconnected.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        using var stall = new CancellationTokenSource(maxStall, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
        try
        {
            var flushed = await _body.FlushAsync(either.Token);
            if (flushed.IsCompleted)
            {
                throw new OperationCanceledException("The reader of the events is gone.");
            }
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }
}
