using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Google.Protobuf;

namespace Blixard.Bench.Engine;

/// <summary>The cluster's own state machine, without the node around it.</summary>
internal sealed class ReplicatedMachine(ClusterState? state = null) : IStateMachine
{
    private ClusterState _state = state ?? ClusterState.Empty;

    /// <summary>Of the last entry that was applied.</summary>
    public ulong Index => _state.Index;

    public static ReadOnlyMemory<byte> OpenSession() => Encode(Command.Of(new OpenSession { Nonce = 1 }));

    public static ReadOnlyMemory<byte> Register(int vm) => Encode(Command.Of(new RegisterVM
    {
        Vm = $"vm{vm}",
        Uuid = $"00000000-0000-4000-8000-{vm:d12}",
        Node = "n1",
        Unit = $"microvm@vm{vm}.service",
    }));

    public static ReadOnlyMemory<byte> RegisterNode() => Encode(Command.Of(new RegisterNode
    {
        Node = "n1",
        MemberId = 1,
        BootId = "boot",
        ApiAddress = "127.0.0.1:7480",
        RaftAddress = "127.0.0.1:7481",
        Version = "0.1.0",
        Cpus = 2,
        MemoryBytes = 1 << 30,
    }));

    /// <summary>256 bytes under one of 8 keys; outside any session unless one is given.</summary>
    public static ReadOnlyMemory<byte> Annotate(
        int vm, int number, ulong session = 0, ulong sequence = 0, ulong acknowledgedBelow = 0)
    {
        var value = new byte[Versus.Cluster.ValueBytes];
        new Random(number).NextBytes(value);
        var command = Command.Of(new SetAnnotation
        {
            Vm = $"vm{vm}",
            Key = $"k{number % Versus.Cluster.KeysPerClient}",
            Value = ByteString.CopyFrom(value),
        });
        (command.ClientId, command.Sequence, command.AcknowledgedBelow) = (session, sequence, acknowledgedBelow);
        return Encode(command);
    }

    public void Apply(IReadOnlyList<LogEntry> entries)
    {
        foreach (var run in entries.Chunk(1024))
        {
            var draft = new StateDraft(_state);
            foreach (var entry in run)
            {
                if (entry.Kind == EntryKind.Command)
                {
                    draft.Apply(new CommittedCommand(entry.Index, entry.Term, entry.Data));
                }
                else
                {
                    draft.Skip(entry.Index, entry.Term);
                }
            }

            _state = draft.Finish().State;
        }
    }

    public ulong? Digest => _state.Hash;

    public Action<Stream> CaptureSnapshot()
    {
        var state = _state;
        return stream => Snapshots.Write(state, stream);
    }

    public void Restore(SnapshotMeta meta, Stream snapshot) => _state = Snapshots.Read(snapshot);

    private static ReadOnlyMemory<byte> Encode(Command command)
    {
        command.Actor = "n1";
        command.TimeUnixMs = 1_760_000_000_000;
        return CommandCodec.Encode(command);
    }
}
