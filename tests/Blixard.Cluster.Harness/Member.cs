using System.Net;
using System.Net.Sockets;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Harness;

/// <summary>One host of the cluster and the door through which its API is reached from this machine.</summary>
internal sealed class Member : IDisposable
{
    private const string Unit = "blixard-node.service";
    private const string DataDirectory = "/var/lib/blixard";
    private const string Ballast = DataDirectory + "/ballast";

    public Member(string name, string ip)
    {
        (Name, Ip, Port) = (name, ip, FreePort());
        Client = Connect(Port);
    }

    public string Name { get; }

    public string Ip { get; }

    /// <summary>Of this machine, where the door is. Nobody listened there a moment ago: two runs don't meet.</summary>
    public int Port { get; }

    /// <summary>A new connection for each test: the old ones may lead to a host that was killed.</summary>
    public BlixardClient Client { get; private set; }

    public void Reconnect()
    {
        Client.Dispose();
        Client = Connect(Port);
    }

    /// <summary>Boots the host with a node in it that is a member of a cluster.</summary>
    /// <param name="all">The cluster, this one included.</param>
    /// <param name="options">Further ones of <c>hosts up</c>.</param>
    public Task UpAsync(IEnumerable<Member> all, params IEnumerable<string> options) => Hosts.RunAsync(
        ["up", Name, Ip, .. all.SelectMany(peer => new[] { "--peer", $"{peer.Name}={peer.Ip}" }), .. options]);

    /// <summary>Once for all boots of the host.</summary>
    public Task OpenDoorAsync() => Hosts.RunAsync("door", $"{Port}", Name, "7480");

    /// <summary>Power cut: nothing that it holds open is closed, and nothing more is written.</summary>
    public Task CutPowerAsync() => Hosts.RunAsync("kill", Name);

    public Task<string> ExecAsync(params IEnumerable<string> command) => Hosts.ExecAsync(Name, command);

    /// <summary>kill -9 of the daemon alone; systemd starts it again.</summary>
    public Task KillDaemonAsync() => SignalDaemonAsync("KILL");

    /// <summary>SIGSTOP: it does nothing and answers nothing, and knows nothing of it.</summary>
    public Task PauseDaemonAsync() => SignalDaemonAsync("STOP");

    public Task ResumeDaemonAsync() => SignalDaemonAsync("CONT");

    public Task StopDaemonAsync() => ExecAsync("systemctl", "stop", Unit);

    public Task StartDaemonAsync() => ExecAsync("systemctl", "start", "--no-block", Unit);

    /// <summary>
    /// Stops the daemon and takes everything that it has, as a new disk would; and it is not told any more to make a
    /// cluster.
    /// </summary>
    public Task WipeAsync() => ExecAsync(
        "sh",
        "-c",
        $"systemctl stop {Unit} && rm -rf {DataDirectory}/identity {DataDirectory}/raft "
            + "&& sed -i /NODE_FLAGS/d /etc/blixard/node.env");

    /// <summary>Makes a wiped host the member that a token is for.</summary>
    public async Task JoinAsync(string token)
    {
        await ExecAsync(
            "env", $"BLIXARD__NODE__NAME={Name}", "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll", "join", token);
        await StartDaemonAsync();
    }

    /// <summary>It ended with an error by itself, and systemd is about to start it again (Restart=).</summary>
    public async Task<bool> IsRestartingAsync() =>
        await ExecAsync("systemctl", "show", "-p", "SubState", "--value", Unit) == "auto-restart";

    /// <summary>Takes all space that is left where the daemon keeps its data; needs a small disk (up --disk).</summary>
    public Task FillDiskAsync() => ExecAsync(
        "sh",
        "-c",
        // fallocate takes what is there at once; what is left for its own blocks is written.
        $"fallocate -l $(($(stat -f -c '%a*%S' {DataDirectory}) - (1 << 20))) {Ballast} || true; "
            + $"cat /dev/zero >>{Ballast} 2>/dev/null || true");

    public Task FreeDiskAsync() => ExecAsync("rm", "-f", Ballast);

    private Task SignalDaemonAsync(string signal) => ExecAsync("systemctl", "kill", $"--signal={signal}", Unit);

    /// <summary>What the daemon said, in all boots of its host; also while that has no power.</summary>
    /// <param name="format">As <c>journalctl -o</c> has it.</param>
    public async Task<string> JournalAsync(string format = "cat")
    {
        var directory = await Hosts.RunAsync("journal", Name);
        return await Programs.RunAsync(
            "journalctl", "--directory", directory, "-u", Unit, "--no-pager", "-q", "-o", format);
    }

    public async Task<Vm> VmAsync(string vm, ReadOptions? options = null) =>
        (await Client.GetVmAsync(vm, options ?? ReadOptions.Linearizable, CancellationToken.None)).Value;

    public async Task<ClusterStatus> StatusAsync() =>
        (await Client.GetClusterAsync(ReadOptions.Stale, CancellationToken.None)).Value;

    public void Dispose() => Client.Dispose();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static BlixardClient Connect(int port) => new(new()
    {
        Endpoint = Endpoint.Parse($"http://127.0.0.1:{port}"),
        ConnectTimeout = TimeSpan.FromSeconds(1),
        Timeout = TimeSpan.FromSeconds(8),
    });
}
