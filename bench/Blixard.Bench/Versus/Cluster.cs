using System.Diagnostics;
using System.Net;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>Three servers on loopback, their data on one disk.</summary>
internal abstract class Cluster : IDisposable
{
    public const int Nodes = 3;

    /// <summary>Bytes of a value.</summary>
    public const int ValueBytes = 256;

    /// <summary>Keys that each client writes in turn.</summary>
    public const int KeysPerClient = 8;

    private readonly ServerProcess?[] _servers = new ServerProcess?[Nodes];
    private readonly int _basePort;

    protected Cluster(string directory, int basePort)
    {
        (Directory, _basePort) = (directory, basePort);
        System.IO.Directory.CreateDirectory(directory);
    }

    public abstract string Name { get; }

    /// <summary>Seconds of CPU that all servers have used.</summary>
    public double Cpu => _servers.Sum(server => server?.Cpu ?? 0);

    /// <summary>Resident memory of the largest server, in MB.</summary>
    public double LargestRss => _servers.Max(server => server?.Rss ?? 0);

    protected string Directory { get; }

    protected HttpClient Control { get; } = new() { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Where clients connect to node <paramref name="node"/>, from 0.</summary>
    public IPEndPoint ClientPort(int node) => new(IPAddress.Loopback, _basePort + node);

    public IPEndPoint PeerPort(int node) => new(IPAddress.Loopback, _basePort + 10 + node);

    /// <summary>Starts all, waits until writes are taken, and makes what the load needs.</summary>
    public void Start()
    {
        for (var node = 0; node < Nodes; node++)
        {
            Start(node);
        }

        WaitForLeader();
        Prepare();
    }

    public void Start(int node) => _servers[node] = Run(node);

    public void Kill(int node) => _servers[node]!.Kill();

    /// <summary>Ends all and starts them again on the same data.</summary>
    public void Restart()
    {
        StopAll();
        for (var node = 0; node < Nodes; node++)
        {
            Start(node);
        }

        WaitForLeader();
    }

    /// <summary>The leader that every node knows, once there is one and none lags.</summary>
    public int WaitForLeader()
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(60); Thread.Sleep(20))
        {
            for (var node = 0; node < Nodes; node++)
            {
                if (_servers[node] is { HasEnded: true } ended)
                {
                    throw new IOException($"{Name} {node} ended: see {ended.Log}");
                }
            }

            try
            {
                var views = Enumerable.Range(0, Nodes).Select(View).ToArray();
                if (views.All(view => view.Leader == views[0].Leader && view.Leader >= 0)
                    && views.Max(view => view.Index) - views.Min(view => view.Index) < 10)
                {
                    return views[0].Leader;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Not up yet.
            }
        }

        throw new IOException($"{Name} has no leader that all know after a minute; logs are in {Directory}");
    }

    /// <summary>
    /// Connections for so many clients, to one node or, in turn, to all; a client is a slot of one of them.
    /// </summary>
    public abstract IReadOnlyList<(Wire Wire, int Slot)> Connect(int clients, int? onlyNode);

    public abstract Wire Connect(int node);

    public abstract Request Write(int client, int number);

    public abstract Request Read(int client, bool linearizable);

    /// <summary>
    /// Follows changes at a node; <paramref name="changed"/> is called at each that comes, once the stream is open.
    /// </summary>
    public abstract Wire Watch(int node, Action changed);

    public void Dispose()
    {
        StopAll();
        Control.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
        var root = Path.GetDirectoryName(Directory)!;
        if (!System.IO.Directory.EnumerateFileSystemEntries(root).Any())
        {
            System.IO.Directory.Delete(root);
        }
    }

    protected abstract ServerProcess Run(int node);

    /// <summary>Who leads, -1 if nobody, and how far it has applied, as node <paramref name="node"/> sees it.</summary>
    protected abstract (int Leader, ulong Index) View(int node);

    /// <summary>What must be there before the load.</summary>
    protected abstract void Prepare();

    protected static byte[] Value(int client, int number)
    {
        var value = new byte[ValueBytes];
        new Random((client * 1000) + number).NextBytes(value);
        return value;
    }

    private void StopAll()
    {
        foreach (var server in _servers)
        {
            server?.Dispose();
        }
    }
}
