using System.IO.Pipelines;
using System.Text;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Blixard.Node.Tests.Api;

/// <summary>What becomes of a reader who does not read.</summary>
public class EventWriterTests
{
    private static readonly TimeSpan MaxStall = TimeSpan.FromSeconds(30);

    private readonly FakeTime _time = new();
    private readonly Pipe _connection = new(new PipeOptions(pauseWriterThreshold: 16, resumeWriterThreshold: 8));
    private readonly Lifetime _lifetime = new();
    private readonly EventWriter _writer;

    public EventWriterTests()
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(new Body(_connection.Writer));
        context.Features.Set<IHttpRequestLifetimeFeature>(_lifetime);
        _writer = new EventWriter(context, MaxStall, _time);
    }

    private static EventRecord Record { get; } = new() { Type = EventType.Ready, Index = 7, Date = FakeTime.Start };

    [Fact]
    public async Task A_record_is_a_line()
    {
        _writer.Write(Record);
        _writer.KeepAlive();
        var flushed = _writer.FlushAsync(CancellationToken.None);

        var read = await _connection.Reader.ReadAsync();
        var text = Encoding.UTF8.GetString(read.Buffer);
        _connection.Reader.AdvanceTo(read.Buffer.End);
        await flushed;
        Assert.Equal("{\"type\":\"ready\",\"index\":7,\"date\":\"2026-05-31T16:29:09.477Z\"}\n\n", text);
    }

    [Fact]
    public async Task Nothing_more_is_written_until_the_reader_has_taken_what_there_is()
    {
        _writer.Write(Record);
        var flushed = _writer.FlushAsync(CancellationToken.None);
        Assert.False(flushed.IsCompleted);

        var read = await _connection.Reader.ReadAsync();
        _connection.Reader.AdvanceTo(read.Buffer.End);

        await flushed;
        Assert.False(_lifetime.Aborted);
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_for_too_long_is_disconnected()
    {
        _writer.Write(Record);
        var flushed = _writer.FlushAsync(CancellationToken.None);

        _time.Advance(MaxStall - TimeSpan.FromMilliseconds(1));
        Assert.False(flushed.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flushed);
        Assert.True(_lifetime.Aborted);
    }

    [Fact]
    public async Task A_reader_who_is_gone_ends_the_stream()
    {
        await _connection.Reader.CompleteAsync();
        _writer.Write(Record);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _writer.FlushAsync(CancellationToken.None));
        Assert.False(_lifetime.Aborted);
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public bool Aborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => Aborted = true;
    }

    private sealed class Body(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => writer.AsStream();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => writer.CompleteAsync().AsTask();

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
