using System.Net.Sockets;
using System.Text;

namespace Blixard.Hypervisor.Tests.Fakes;

/// <summary>
/// Listens on a control socket as QEMU does: one client at a time, and the test says what it is told. Everything that
/// clients sent is kept.
/// </summary>
internal sealed class FakeHypervisor : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("blixard-hv");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(20));
    private readonly StringBuilder _heard = new();
    private readonly Func<FakeClient, Task> _serve;
    private readonly Task _serving;

    /// <param name="serve">Talks to one client; the connection ends when it returns.</param>
    /// <param name="name">Of the socket's file.</param>
    public FakeHypervisor(Func<FakeClient, Task> serve, string name = "vm.sock")
    {
        _serve = serve;
        Socket = Path.Combine(_directory.FullName, name);
        _listener.Bind(new UnixDomainSocketEndPoint(Socket));
        _listener.Listen(1);
        _serving = ServeAsync();
    }

    public string Socket { get; }

    /// <summary>Clients that came and whose connection has ended, by their side or ours.</summary>
    public int Served { get; private set; }

    public string Heard
    {
        get
        {
            lock (_heard)
            {
                return _heard.ToString();
            }
        }
    }

    /// <summary>QEMU 7.2 to a client that behaves.</summary>
    /// <param name="summary">The answer to query-memory-size-summary.</param>
    /// <param name="cpus">The answer to query-cpus-fast.</param>
    public static FakeHypervisor Qemu(string summary, string cpus = """{"return": [{}, {}]}""") => new(async client =>
    {
        await client.SayAsync(
            """{"QMP": {"version": {"qemu": {"micro": 2, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}""" + "\r\n");
        while (await client.LineAsync() is { } line)
        {
            // Events come when they come.
            await client.SayAsync("""{"timestamp": {"seconds": 1}, "event": "RTC_CHANGE", "data": {"offset": 0}}""" + "\r\n");
            await client.SayAsync((line switch
            {
                """{"execute":"qmp_capabilities"}""" => """{"return": {}}""",
                """{"execute":"query-memory-size-summary"}""" => summary,
                """{"execute":"query-cpus-fast"}""" => cpus,
                _ => """{"error": {"class": "CommandNotFound", "desc": "The command is not known"}}""",
            }) + "\r\n");
        }
    });

    /// <summary>One answer of HTTP, and the connection stays open, as micro_http leaves it.</summary>
    public static FakeHypervisor Http(string answer) => new(async client =>
    {
        while (await client.LineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                await client.SayAsync(answer);
            }
        }
    });

    public static string Ok(string body) =>
        "HTTP/1.1 200 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n"
        + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptAsync(_stop.Token);
                try
                {
                    await _serve(new(connection, Keep, _stop.Token));
                }
                catch (SocketException)
                {
                    // The client did not wait for the end.
                }

                Served++;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Keep(string text)
    {
        lock (_heard)
        {
            _heard.Append(text);
        }
    }
}

internal sealed class FakeClient(Socket socket, Action<string> keep, CancellationToken stop)
{
    private readonly StringBuilder _unread = new();

    public async Task SayAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), stop);
        }
    }

    /// <summary>The next line, without its end; null once the client has closed.</summary>
    public async Task<string?> LineAsync()
    {
        var buffer = new byte[1024];
        while (true)
        {
            var text = _unread.ToString();
            if (text.IndexOf('\n') is >= 0 and var end)
            {
                _unread.Remove(0, end + 1);
                return text[..end].TrimEnd('\r');
            }

            var length = await socket.ReceiveAsync(buffer, stop);
            if (length == 0)
            {
                return null;
            }

            var received = Encoding.UTF8.GetString(buffer, 0, length);
            keep(received);
            _unread.Append(received);
        }
    }
}
