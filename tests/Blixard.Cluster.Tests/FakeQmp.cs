using System.Net.Sockets;
using System.Text;

namespace Blixard.Cluster.Tests;

/// <summary>
/// A QMP server at the control socket of a VM, as QEMU has one: it greets, and answers everything with an error until it
/// is healed.
/// </summary>
internal sealed class FakeQmp : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly ulong _memoryBytes;
    private readonly Task _serving;
    private bool _healed;

    public FakeQmp(string socket, ulong memoryBytes)
    {
        _memoryBytes = memoryBytes;
        File.Delete(socket);
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen(1);
        _serving = ServeAsync();
    }

    public void Heal() => Volatile.Write(ref _healed, true);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync(_stop.Token);
                await using var stream = new NetworkStream(client);
                try
                {
                    await TalkAsync(stream);
                }
                catch (IOException)
                {
                    // Whoever asked has heard enough.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException
            && _stop.IsCancellationRequested)
        {
            // Ended as asked.
        }
    }

    private async Task TalkAsync(NetworkStream stream)
    {
        await SayAsync(stream, """{"QMP": {"version": {"qemu": {"micro": 2, "minor": 2, "major": 7}}, "capabilities": []}}""");
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            await SayAsync(stream, (Volatile.Read(ref _healed), line) switch
            {
                (false, _) => """{"error": {"class": "GenericError", "desc": "the guest is confused"}}""",
                (_, """{"execute":"query-memory-size-summary"}""") =>
                    $$$"""{"return": {"base-memory": {{{_memoryBytes}}}, "plugged-memory": 0}}""",
                (_, """{"execute":"query-cpus-fast"}""") => """{"return": [{}, {}, {}]}""",
                _ => """{"return": {}}""",
            });
        }
    }

    private async Task SayAsync(NetworkStream stream, string line) =>
        await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), _stop.Token);
}
