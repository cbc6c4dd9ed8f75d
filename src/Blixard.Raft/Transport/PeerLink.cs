using System.Threading.Channels;
using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

/// <summary>
/// The way to one peer: a bounded queue, and a loop that keeps a connection and writes all that waits in one go, on the
/// thread of whoever flushes while the socket takes it. What can't be sent is dropped and told, never kept: Raft sends
/// again what matters, and old messages matter least.
/// </summary>
internal sealed partial class PeerLink(
    TransportOptions options,
    PeerAddress peer,
    Dialer dialer,
    Action<MemberId> unreachable,
    TimeProvider time,
    ILogger logger)
{
    // One write of this size is as good as a larger one.
    private const int CoalesceBytes = 256 << 10;
    private const int KeptBufferBytes = 1 << 20;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(200);

    private readonly Channel<Message> _queue = Channel.CreateBounded<Message>(
        new BoundedChannelOptions(options.MaxQueuedMessages)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        });

    private readonly Doorbell _doorbell = new();
    private readonly ByteWriter _frames = new(CoalesceBytes);
    private long _queuedBytes;
    private long _lastReport = long.MinValue;
    private volatile bool _connected;

    /// <summary>It leaves with the next <see cref="Flush"/> at the latest.</summary>
    public void Queue(Message message)
    {
        var bytes = MessageCodec.PayloadBytes(message);
        if (_connected && Interlocked.Add(ref _queuedBytes, bytes) <= options.MaxQueuedBytes)
        {
            if (_queue.Writer.TryWrite(message))
            {
                return;
            }

            Interlocked.Add(ref _queuedBytes, -bytes);
        }
        else if (_connected)
        {
            Interlocked.Add(ref _queuedBytes, -bytes);
        }

        Report();
    }

    /// <summary>Sends what waits. Called without a lock: what follows from a broken connection may run in it.</summary>
    public void Flush() => _doorbell.Ring();

    /// <summary>Dials, and dials again, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = options.MinBackoff;
        string? toldOf = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var purpose = options.SelfIsNew() ? ConnectionPurpose.MessagesOfNew : ConnectionPurpose.Messages;
                using var connection = await dialer.DialAsync(peer, purpose, cancellationToken);
                LogConnected(peer);
                (backoff, toldOf) = (options.MinBackoff, null);
                await PumpAsync(connection, cancellationToken);
            }
            catch (Exception e) when (Sockets.IsLinkFailure(e))
            {
                // Once for each reason: a peer that is down for a day is not news every second.
                if (!cancellationToken.IsCancellationRequested && toldOf != e.Message)
                {
                    toldOf = e.Message;
                    LogLost(peer, e.Message);
                }

                if (e is MemberRemovedException)
                {
                    options.SelfRemoved();
                }
                else if (e is MemberKnownException)
                {
                    options.SelfIsKnown();
                }
            }
            finally
            {
                _connected = false;
                DropQueued();
            }

            Report();
            await PauseAsync(backoff, cancellationToken);
            backoff = backoff * 2 < options.MaxBackoff ? backoff * 2 : options.MaxBackoff;
        }
    }

    private async Task PumpAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _connected = true;
        var closing = NoticeEndAsync(connection, ended);
        try
        {
            // By way of the pool: whoever cancels must not run what follows.
            using var waking = ended.Token.UnsafeRegister(
                static bell => ThreadPool.UnsafeQueueUserWorkItem(static bell => bell.Ring(), (Doorbell)bell!, false),
                _doorbell);
            while (true)
            {
                ended.Token.ThrowIfCancellationRequested();
                if (TakeQueued())
                {
                    await connection.Stream.WriteAsync(_frames.Written, ended.Token);
                    _frames.Clear();
                    _frames.Trim(KeptBufferBytes);
                }
                else
                {
                    await _doorbell.WaitAsync();
                }
            }
        }
        finally
        {
            _frames.Clear();
            await ended.CancelAsync();
            await closing;
        }
    }

    /// <summary>Makes one write of what waits. False: nothing does.</summary>
    private bool TakeQueued()
    {
        while (_frames.Length < CoalesceBytes && _queue.Reader.TryRead(out var message))
        {
            Interlocked.Add(ref _queuedBytes, -MessageCodec.PayloadBytes(message));
            var start = Frame.Begin(_frames, MessageCodec.TypeOf(message), options.ClusterId);
            MessageCodec.Write(message, _frames);
            Frame.End(_frames, start);
        }

        return _frames.Length > 0;
    }

    /// <summary>The peer never speaks on this connection: whatever can be read is its end.</summary>
    private static async Task NoticeEndAsync(PeerConnection connection, CancellationTokenSource ended)
    {
        try
        {
            await connection.Reader.ReadAsync(ended.Token);
        }
        catch (Exception e) when (Sockets.IsLinkFailure(e))
        {
            // The same news.
        }

        await ended.CancelAsync();
    }

    private void DropQueued()
    {
        while (_queue.Reader.TryRead(out var message))
        {
            Interlocked.Add(ref _queuedBytes, -MessageCodec.PayloadBytes(message));
        }
    }

    private void Report()
    {
        var now = time.GetTimestamp();
        var last = Volatile.Read(ref _lastReport);
        if ((last == long.MinValue || time.GetElapsedTime(last, now) >= ReportInterval)
            && Interlocked.CompareExchange(ref _lastReport, now, last) == last)
        {
            unreachable(peer.Member);
        }
    }

    private async Task PauseAsync(TimeSpan backoff, CancellationToken cancellationToken)
    {
        try
        {
            // Jitter, or members that lost each other at one moment would dial at one moment for ever.
            await Task.Delay(backoff * (0.5 + (Random.Shared.NextDouble() / 2)), time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(LogLevel.Information, "Connected to {Peer}")]
    private partial void LogConnected(PeerAddress peer);

    [LoggerMessage(LogLevel.Warning, "No connection to {Peer}: {Reason}")]
    private partial void LogLost(PeerAddress peer, string reason);
}
