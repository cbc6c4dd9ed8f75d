using System.Buffers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Blixard.Hypervisor.Control;

namespace Blixard.Hypervisor.Qmp;

/// <summary>
/// One connection to a QMP socket (QEMU's docs/interop/qmp-spec.rst): a greeting, the negotiation of capabilities, then
/// one command after the other. Lines of JSON; events come in between and are passed over.
/// </summary>
internal sealed class QmpSession : IDisposable
{
    private readonly string _path;
    private readonly Socket _socket;
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private int _total;

    private QmpSession(string path, Socket socket)
    {
        _path = path;
        _socket = socket;
    }

    public static async Task<QmpSession> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var session = new QmpSession(path, await ControlSocket.ConnectAsync(path, cancellationToken));
        try
        {
            using (var greeting = await session.ReadAsync(cancellationToken))
            {
                if (!greeting.RootElement.TryGetProperty("QMP", out _))
                {
                    throw session.Malformed("it does not begin with the greeting of QMP");
                }
            }

            using var agreed = await session.ExecuteAsync("qmp_capabilities", cancellationToken);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Executes a command without arguments.</summary>
    /// <returns>The whole answer; its member <c>return</c> is there.</returns>
    public async Task<JsonDocument> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        await SendAsync(Encoding.ASCII.GetBytes($$"""{"execute":"{{command}}"}""" + "\n"), cancellationToken);
        while (true)
        {
            var answer = await ReadAsync(cancellationToken);
            if (answer.RootElement.TryGetProperty("return", out _))
            {
                return answer;
            }

            using (answer)
            {
                if (answer.RootElement.TryGetProperty("error", out var error))
                {
                    throw new ControlSocketException(
                        ControlSocketError.ErrorAnswer,
                        _path,
                        $"QEMU refused {command}: {ControlSocket.Quote(Text(error, "desc") ?? error.ToString())}");
                }

                if (!answer.RootElement.TryGetProperty("event", out _))
                {
                    throw Malformed($"what follows {command} is neither an answer nor an event");
                }
            }
        }
    }

    public ControlSocketException Malformed(string detail, Exception? inner = null) =>
        new(ControlSocketError.Malformed, _path, detail, inner);

    public void Dispose() => _socket.Dispose();

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private async Task SendAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        try
        {
            while (line.Length > 0)
            {
                line = line[await _socket.SendAsync(line, cancellationToken)..];
            }
        }
        catch (SocketException e)
        {
            throw new ControlSocketException(ControlSocketError.Closed, _path, "the connection broke", e);
        }
    }

    /// <summary>The next line, which is an object.</summary>
    private async Task<JsonDocument> ReadAsync(CancellationToken cancellationToken)
    {
        var scanned = _start;
        while (true)
        {
            var length = _buffer.AsSpan(scanned, _end - scanned).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = _buffer.AsMemory(_start, scanned + length - _start);
                _start = scanned + length + 1;
                return Parse(line);
            }

            scanned = await FillAsync(cancellationToken);
        }
    }

    /// <returns>Where what is new begins.</returns>
    private async Task<int> FillAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        int received;
        try
        {
            received = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        }
        catch (SocketException e)
        {
            throw new ControlSocketException(ControlSocketError.Closed, _path, "the connection broke", e);
        }

        _total += received;
        if (received == 0)
        {
            throw new ControlSocketException(
                ControlSocketError.Closed, _path, "the other side closed the connection before its answer");
        }

        if (_total > ControlSocket.MaxAnswerBytes)
        {
            throw Malformed($"it sent more than {ControlSocket.MaxAnswerBytes} bytes");
        }

        var before = _end;
        _end += received;
        return before;
    }

    private JsonDocument Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            // The line's bytes are about to be written over: the document keeps its own.
            var document = JsonDocument.Parse(new ReadOnlySequence<byte>(line.ToArray()));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw Malformed("what it sent is no JSON object");
        }
        catch (JsonException e)
        {
            throw Malformed("what it sent is no JSON", e);
        }
    }
}
