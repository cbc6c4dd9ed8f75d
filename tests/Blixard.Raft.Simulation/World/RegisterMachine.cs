using System.Buffers.Binary;
using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Raft.Simulation.World;

/// <summary>A write: every one is unique, so whether and when it took effect can be told from any state.</summary>
/// <param name="Done">The client has no use any more for what it sent up to this sequence: never apply it again.</param>
/// <param name="Key">The register it replaces.</param>
internal readonly record struct Write(int Client, uint Sequence, uint Done, int Key)
{
    private const int HeaderBytes = 16;

    // There are few keys: the last byte of the key's four is free.
    private const int KindOffset = 15;
    private const int KeyMask = 0xFF_FFFF;

    /// <summary>What the register holds after it; 0 is what it holds before any write.</summary>
    public ulong Value => ((ulong)(uint)Client << 32) | Sequence;

    /// <param name="isNewKind">Of a kind that an older program does not know.</param>
    public byte[] Encode(int padding, bool isNewKind)
    {
        var bytes = new byte[HeaderBytes + padding];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Client);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Done);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Key);
        bytes[KindOffset] = (byte)(isNewKind ? 1 : 0);
        return bytes;
    }

    public static bool IsNewKind(ReadOnlySpan<byte> bytes) => bytes[KindOffset] != 0;

    public static Write Decode(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) & KeyMask);
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

    public Session With(uint sequence) =>
        new Session(Below, Above | 1UL << (int)(sequence - Below - 1)).Without(0);

    /// <summary>The client has no use for anything up to <paramref name="done"/> any more.</summary>
    public Session Without(uint done)
    {
        var (below, above) = (Below, Above);
        if (done > below)
        {
            above = done - below < MaxWindow ? above >> (int)(done - below) : 0;
            below = done;
        }

        while ((above & 1) != 0)
        {
            (below, above) = (below + 1, above >> 1);
        }

        return new(below, above);
    }
}

/// <summary>A program that is too old met a command of a newer kind: it stops, for all it could do is wrong.</summary>
internal sealed class UnknownCommandException(ulong index) : Exception($"entry {index} is of an unknown kind");

/// <summary>A register's value, and the entry that put it there.</summary>
internal readonly record struct Register(ulong Value, ulong Index);

/// <summary>
/// The replicated state: a few registers, a hash of all writes in order, and the sessions that make a retried write take
/// effect once.
/// </summary>
/// <param name="knowsNewKind">False: an older program, which must not go on past a command of the newer kind.</param>
internal sealed class RegisterMachine(int clients, int keys, bool knowsNewKind) : IStateMachine
{
    private readonly Session[] _sessions = new Session[clients];
    private readonly Register[] _registers = new Register[keys];

    /// <summary>Index of the last entry applied.</summary>
    public ulong Applied { get; private set; }

    public ulong Hash { get; private set; }

    ulong? IStateMachine.Digest => Hash;

    public Register Read(int key) => _registers[key];

    /// <summary>Null for an entry that is no write; <c>Fresh</c> if it took effect here and now.</summary>
    /// <exception cref="UnknownCommandException">Nothing of it was applied.</exception>
    public (Write Write, bool Fresh)? Apply(LogEntry entry)
    {
        if (entry.Kind == EntryKind.Command && !knowsNewKind && Write.IsNewKind(entry.Data.Span))
        {
#if MUTANTS
            if (Planted.Is(Mutant.UnknownCommandSkipped))
            {
                Applied = entry.Index;
                return null;
            }
#endif
            throw new UnknownCommandException(entry.Index);
        }

        Applied = entry.Index;
        if (entry.Kind != EntryKind.Command)
        {
            return null;
        }

        var write = Write.Decode(entry.Data.Span);
        var session = _sessions[write.Client].Without(write.Done);
        var fresh = !session.Contains(write.Sequence);
        _sessions[write.Client] = fresh ? session.With(write.Sequence) : session;
        if (fresh)
        {
            _registers[write.Key] = new(write.Value, entry.Index);
            Hash = EventHash.Mix(Hash, write.Value);
        }

        return (write, fresh);
    }

    public bool Holds(Write write) => _sessions[write.Client].Contains(write.Sequence);

    void IStateMachine.Apply(IReadOnlyList<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            Apply(entry);
        }
    }

    public Action<Stream> CaptureSnapshot()
    {
        var bytes = new byte[16 + ((_sessions.Length + _registers.Length) * 16)];
        var at = bytes.AsSpan();
        Put(ref at, Applied, Hash);
        foreach (var session in _sessions)
        {
            Put(ref at, session.Below, session.Above);
        }

        foreach (var register in _registers)
        {
            Put(ref at, register.Value, register.Index);
        }

        return stream => stream.Write(bytes);
    }

    public void Restore(SnapshotMeta meta, Stream snapshot)
    {
        Span<byte> content = stackalloc byte[16 + ((_sessions.Length + _registers.Length) * 16)];
        snapshot.ReadExactly(content);
        ReadOnlySpan<byte> at = content;
        (Applied, Hash) = Get(ref at);
        for (var i = 0; i < _sessions.Length; i++)
        {
            var (below, above) = Get(ref at);
            _sessions[i] = new((uint)below, above);
#if MUTANTS
            if (Planted.Is(Mutant.SessionsLeftOutOfSnapshot))
            {
                _sessions[i] = default;
            }
#endif
        }

        for (var i = 0; i < _registers.Length; i++)
        {
            var (value, index) = Get(ref at);
            _registers[i] = new(value, index);
        }
    }

    private static void Put(ref Span<byte> at, ulong first, ulong second)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, first);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], second);
        at = at[16..];
    }

    private static (ulong First, ulong Second) Get(ref ReadOnlySpan<byte> at)
    {
        var pair = (BinaryPrimitives.ReadUInt64LittleEndian(at), BinaryPrimitives.ReadUInt64LittleEndian(at[8..]));
        at = at[16..];
        return pair;
    }
}
