using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>
/// etcd as it comes: its default timers (heartbeat 100 ms, election 1000 ms), fsync on. Several clients share one
/// HTTP/2 connection, as with its own load generator.
/// </summary>
/// <param name="program">Path of the etcd server.</param>
/// <param name="clientsPerConnection">Requests that are under way on one connection at a time.</param>
internal sealed class EtcdCluster(string program, string directory, int basePort, int clientsPerConnection)
    : Cluster(directory, basePort)
{
    private readonly string _directory = directory;
    private readonly Dictionary<string, int> _members = [];

    public override string Name => "etcd";

    public override IReadOnlyList<(Wire Wire, int Slot)> Connect(int clients, int? onlyNode)
    {
        var connected = new List<(Wire, int)>();
        var connections = Math.Max(
            Math.Min(clients, onlyNode is null ? Nodes : 1),
            (clients + clientsPerConnection - 1) / clientsPerConnection);
        for (var i = 0; i < connections; i++)
        {
            var wire = Connect(onlyNode ?? i % Nodes);
            var share = (clients / connections) + (i < clients % connections ? 1 : 0);
            connected.AddRange(Enumerable.Range(0, share).Select(slot => (wire, slot)));
        }

        return connected;
    }

    public override Wire Connect(int node) => new GrpcWire(ClientPort(node));

    /// <summary>PutRequest {key = 1, value = 2}.</summary>
    public override Request Write(int client, int number) => new(
        "/etcdserverpb.KV/Put",
        [.. Field(1, Key(client, number % KeysPerClient)), .. Field(2, Value(client, number))]);

    /// <summary>RangeRequest {key = 1, serializable = 7}.</summary>
    public override Request Read(int client, bool linearizable) => new(
        "/etcdserverpb.KV/Range",
        [.. Field(1, Key(client, 0)), .. linearizable ? Array.Empty<byte>() : [7 << 3, 1]]);

    /// <summary>WatchRequest {create_request = 1 {key = 1, range_end = 2}}; WatchResponse {created = 3, events = 11}.</summary>
    public override Wire Watch(int node, Action changed)
    {
        var wire = new GrpcWire(ClientPort(node));
        wire.Message = message =>
        {
            if (HasField(message, 11))
            {
                changed();
            }
        };
        byte[] create = [.. Field(1, "/bench/"u8), .. Field(2, "/bench0"u8)];
        wire.BeginStream(new("/etcdserverpb.Watch/Watch", Field(1, create)));
        wire.Flush();
        return wire;
    }

    protected override ServerProcess Run(int node)
    {
        string[] peers = [.. Enumerable.Range(0, Nodes).Select(n => $"e{n}=http://{PeerPort(n)}")];
        return new(
            program,
            [
                "--name", $"e{node}",
                "--data-dir", Path.Combine(_directory, $"e{node}"),
                "--listen-client-urls", $"http://{ClientPort(node)}",
                "--advertise-client-urls", $"http://{ClientPort(node)}",
                "--listen-peer-urls", $"http://{PeerPort(node)}",
                "--initial-advertise-peer-urls", $"http://{PeerPort(node)}",
                "--initial-cluster", string.Join(',', peers),
                "--initial-cluster-state", "new",
                "--quota-backend-bytes", "8589934592",
                "--logger", "zap",
                "--log-level", "warn",
            ],
            Path.Combine(_directory, $"e{node}.log"));
    }

    protected override (int Leader, ulong Index) View(int node)
    {
        using var body = new StringContent("{}");
        using var answer = Control.Send(
            new(HttpMethod.Post, $"http://{ClientPort(node)}/v3/maintenance/status") { Content = body });
        using var status = JsonDocument.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream());
        _members[status.RootElement.GetProperty("header").GetProperty("member_id").GetString()!] = node;
        var leader = status.RootElement.TryGetProperty("leader", out var id) ? id.GetString()! : "";
        var index = status.RootElement.TryGetProperty("raftIndex", out var at) ? at.GetString()! : "0";
        return (_members.GetValueOrDefault(leader, -1), ulong.Parse(index, CultureInfo.InvariantCulture));
    }

    protected override void Prepare()
    {
    }

    private static byte[] Key(int client, int key) => Encoding.ASCII.GetBytes($"/bench/{client}/k{key}");

    /// <summary>A length-delimited field of protobuf.</summary>
    private static byte[] Field(int number, ReadOnlySpan<byte> bytes) => bytes.Length < 128
        ? [(byte)((number << 3) | 2), (byte)bytes.Length, .. bytes]
        : [(byte)((number << 3) | 2), (byte)(bytes.Length | 0x80), (byte)(bytes.Length >> 7), .. bytes];

    /// <summary>Walks over a message's fields of wire types 0 and 2, which are all that etcd's answers have.</summary>
    private static bool HasField(ReadOnlySpan<byte> message, int number)
    {
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            if ((int)(tag >> 3) == number)
            {
                return true;
            }

            var value = Varint(ref message);
            if ((tag & 7) == 2)
            {
                message = message[Math.Min((int)value, message.Length)..];
            }
        }

        return false;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; !message.IsEmpty; shift += 7)
        {
            var b = message[0];
            message = message[1..];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                break;
            }
        }

        return value;
    }
}
