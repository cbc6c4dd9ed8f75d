using System.Globalization;
using System.Text.Json;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>Three blixard-node processes without systemd: the agent says so and waits, the cluster works.</summary>
/// <param name="program">Path of blixard-node.</param>
internal sealed class BlixardCluster(string program, string directory, int basePort) : Cluster(directory, basePort)
{
    /// <summary>As many VMs as there are clients at most, so that each has keys of its own.</summary>
    public const int Vms = 256;

    private readonly string _directory = directory;

    public override string Name => "blixard";

    /// <summary>Further keys of the configuration, as flags.</summary>
    public IReadOnlyList<string> Flags { get; set; } = [];

    public override IReadOnlyList<(Wire Wire, int Slot)> Connect(int clients, int? onlyNode) =>
        [.. Enumerable.Range(0, clients).Select(client => (Connect(onlyNode ?? client % Nodes), 0))];

    public override Wire Connect(int node) => new HttpWire(ClientPort(node));

    public override Request Write(int client, int number) => HttpWire.Put(
        $"/v1/vms/{Vm(client)}/annotations/k{number % KeysPerClient}", Value(client, number));

    public override Request Read(int client, bool linearizable) =>
        HttpWire.Get($"/v1/vms/{Vm(client)}?consistency={(linearizable ? "linearizable" : "stale")}");

    public override Wire Watch(int node, Action changed)
    {
        var wire = new HttpWire(ClientPort(node)) { StreamsLines = line => Told(line, changed) };
        wire.Begin(0, HttpWire.Get("/v1/events?since=" + View(node).Index.ToString(CultureInfo.InvariantCulture)));
        wire.Flush();
        return wire;
    }

    protected override ServerProcess Run(int node)
    {
        var data = Path.Combine(_directory, $"b{node}");
        System.IO.Directory.CreateDirectory(data);
        string[] peers = [.. Enumerable.Range(0, Nodes).Select(n => $"b{n}={PeerPort(n)}")];
        return new(
            program,
            [
                "--bootstrap",
                "--data-dir", data,
                $"--node:name=b{node}",
                $"--cluster:peers={string.Join(',', peers)}",
                $"--api:listen={ClientPort(node)}",
                "--api:socket=",
                $"--agent:bus=unix:path={data}/no-bus",
                $"--agent:statedirectory={data}/no-vms",
                "--logging:loglevel:default=Warning",
                .. Flags,
            ],
            Path.Combine(_directory, $"b{node}.log"));
    }

    protected override (int Leader, ulong Index) View(int node)
    {
        using var answer = Control.Send(
            new(HttpMethod.Get, $"http://{ClientPort(node)}/v1/cluster?consistency=stale"));
        using var status = JsonDocument.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream());
        var leader = status.RootElement.GetProperty("leader").GetString();
        return (
            leader is null ? -1 : int.Parse(leader[1..], CultureInfo.InvariantCulture),
            status.RootElement.GetProperty("appliedIndex").GetUInt64());
    }

    protected override void Prepare()
    {
        for (var vm = 0; vm < Vms; vm++)
        {
            using var answer = Control.Send(new(HttpMethod.Put, $"http://{ClientPort(0)}/v1/vms/{Vm(vm)}"));
            answer.EnsureSuccessStatusCode();
        }
    }

    private static string Vm(int client) => $"vm{client % Vms}";

    private static void Told(ReadOnlySpan<byte> line, Action changed)
    {
        if (line.IndexOf("\"modify\""u8) >= 0 && line.IndexOf("annotations"u8) >= 0)
        {
            changed();
        }
    }
}
