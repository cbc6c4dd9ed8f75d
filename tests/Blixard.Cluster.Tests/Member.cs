using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>One host of the cluster and the door through which its API is reached from this machine.</summary>
internal sealed class Member(string name, string ip, int port) : IDisposable
{
    public string Name { get; } = name;

    public string Ip { get; } = ip;

    public int Port { get; } = port;

    /// <summary>A new connection for each test: the old ones may lead to a host that was killed.</summary>
    public BlixardClient Client { get; private set; } = Connect(port);

    public void Reconnect()
    {
        Client.Dispose();
        Client = Connect(Port);
    }

    public Task<string> ExecAsync(params IEnumerable<string> command) => Hosts.ExecAsync(Name, command);

    /// <summary>kill -9 of the daemon alone; systemd starts it again.</summary>
    public Task KillDaemonAsync() => ExecAsync("systemctl", "kill", "--signal=KILL", "blixard-node.service");

    public async Task<Vm> VmAsync(string vm, ReadOptions? options = null) =>
        (await Client.GetVmAsync(vm, options ?? ReadOptions.Linearizable, CancellationToken.None)).Value;

    public async Task<ClusterStatus> StatusAsync() =>
        (await Client.GetClusterAsync(ReadOptions.Stale, CancellationToken.None)).Value;

    public void Dispose() => Client.Dispose();

    private static BlixardClient Connect(int port) => new(new()
    {
        Endpoint = Endpoint.Parse($"http://127.0.0.1:{port}"),
        ConnectTimeout = TimeSpan.FromSeconds(1),
        Timeout = TimeSpan.FromSeconds(8),
    });
}
