using System.Net.Sockets;

namespace Blixard.Hypervisor.Control;

/// <summary>Connections to a hypervisor's unix socket, and what becomes of their errors.</summary>
internal static class ControlSocket
{
    /// <summary>
    /// No answer that we ask for is near this; a hypervisor is trusted no more than its guest, which may have taken it.
    /// </summary>
    public const int MaxAnswerBytes = 1 << 20;

    /// <summary>The most that an error's text repeats of what the other side sent.</summary>
    private const int MaxQuotedLength = 200;

    /// <summary>Runs an operation that ends by itself, or with the deadline.</summary>
    /// <exception cref="ControlSocketException">It did not end well.</exception>
    public static async Task<T> WithinAsync<T>(
        string path,
        TimeSpan deadline,
        TimeProvider time,
        Func<CancellationToken, Task<T>> operation,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await operation(either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ControlSocketException(
                ControlSocketError.TimedOut, path, $"no answer within {deadline.TotalSeconds:0.#} s", e);
        }
        catch (IOException e)
        {
            throw new ControlSocketException(ControlSocketError.Closed, path, "the connection broke", e);
        }
    }

    public static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new ControlSocketException(ControlSocketError.Missing, path, "there is no such socket");
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var address = SocketAddress.Of(path);
            await socket.ConnectAsync(address.EndPoint, cancellationToken);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Failure(path, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What another side sent, so that it can stand in a log.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length > MaxQuotedLength ? text[..MaxQuotedLength] + "..." : text;
        return string.Concat(shown.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
    }

    private static ControlSocketException Failure(string path, SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused =>
            new(ControlSocketError.Stale, path, "nobody listens on this socket any more", e),
        SocketError.AccessDenied => new(ControlSocketError.Refused, path, "this process may not connect", e),
        SocketError.WouldBlock or SocketError.TryAgain =>
            new(ControlSocketError.Busy, path, "others are waiting on this socket already", e),
        _ when !File.Exists(path) => new(ControlSocketError.Missing, path, "there is no such socket", e),
        _ => new(ControlSocketError.Refused, path, e.Message, e),
    };
}
