using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>A write: every one is unique, so whether and when it took effect can be told from any state.</summary>
internal readonly record struct Write(int Client, uint Sequence)
{
    private const int HeaderBytes = 8;

    public byte[] Encode(int padding)
    {
        var bytes = new byte[HeaderBytes + padding];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Client);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Sequence);
        return bytes;
    }

    public static Write Decode(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
}

/// <summary>
/// The writes of one client that took effect: all up to <paramref name="Below"/>, and those whose bit is set above it.
/// Forwarded writes overtake each other, so "the last sequence" would drop some.
/// </summary>
internal readonly record struct Session(uint Below, ulong Above)
{
    /// <summary>Writes a client may have open at once.</summary>
    public const int MaxWindow = 64;

    public bool Contains(uint sequence) =>
        sequence <= Below || (sequence - Below - 1 < MaxWindow && (Above >> (int)(sequence - Below - 1) & 1) != 0);

    public Session With(uint sequence)
    {
        var (below, above) = (Below, Above | 1UL << (int)(sequence - Below - 1));
        while ((above & 1) != 0)
        {
            (below, above) = (below + 1, above >> 1);
        }

        return new(below, above);
    }
}

/// <summary>An immutable copy of the machine: the content of a snapshot.</summary>
internal sealed record MachineState(ulong Applied, ulong Hash, Session[] Sessions);

/// <summary>
/// The replicated state: a register that every write is appended to (kept as a hash of all of them in order), and the
/// sessions that make a retried write take effect once.
/// </summary>
internal sealed class RegisterMachine
{
    private readonly Session[] _sessions;

    public RegisterMachine(int clients) => _sessions = new Session[clients];

    /// <summary>Index of the last entry applied.</summary>
    public ulong Applied { get; private set; }

    public ulong Hash { get; private set; }

    /// <summary>Null for an entry that is no write; <c>Fresh</c> if it took effect here and now.</summary>
    public (Write Write, bool Fresh)? Apply(LogEntry entry)
    {
        Applied = entry.Index;
        if (entry.Kind != EntryKind.Command)
        {
            return null;
        }

        var write = Write.Decode(entry.Data.Span);
        var session = _sessions[write.Client];
        if (session.Contains(write.Sequence))
        {
            return (write, false);
        }

        _sessions[write.Client] = session.With(write.Sequence);
        Hash = EventHash.Mix(Hash, ((ulong)(uint)write.Client << 32) | write.Sequence);
        return (write, true);
    }

    public bool Holds(Write write) => _sessions[write.Client].Contains(write.Sequence);

    public MachineState Capture() => new(Applied, Hash, [.. _sessions]);

    public void Restore(MachineState state)
    {
#if MUTANTS
        if (Planted.Is(Mutant.SessionsLeftOutOfSnapshot))
        {
            (Applied, Hash) = (state.Applied, state.Hash);
            Array.Clear(_sessions);
            return;
        }
#endif
        (Applied, Hash) = (state.Applied, state.Hash);
        state.Sessions.CopyTo(_sessions, 0);
    }
}
