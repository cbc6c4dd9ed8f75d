using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// The payload of a batch: records, each with a header of 24 bytes, little-endian. Permanent.
/// <code>u8 kind, u8 entry kind, u16 0, u32 length, u64 term, u64 index, bytes</code>
/// Kinds: 1 hard state (index is the vote), 2 snapshot marker, 3 snapshot that replaces the log, 4 entry, 5 snapshot
/// with which a log that is being repaired begins anew. Snapshots have their configuration as bytes.
/// </summary>
internal static class WalRecords
{
    private const int HeaderBytes = 24;
    private const byte HardStateKind = 1;
    private const byte MarkerKind = 2;
    private const byte ReplaceKind = 3;
    private const byte EntryRecordKind = 4;
    private const byte RestartKind = 5;

    public static void Write(WalFrameWriter writer, HardState hardState) =>
        WriteHeader(writer, HardStateKind, 0, 0, hardState.Term, hardState.Vote.Value);

    public static void Write(
        WalFrameWriter writer, SnapshotMeta snapshot, bool replacesLog, bool restartsLog = false)
    {
        var configuration = ConfigurationCodec.Encode(snapshot.Configuration);
        var kind = restartsLog ? RestartKind : replacesLog ? ReplaceKind : MarkerKind;
        WriteHeader(writer, kind, 0, configuration.Length, snapshot.Term, snapshot.Index);
        writer.Write(configuration);
    }

    public static void Write(WalFrameWriter writer, LogEntry entry)
    {
        WriteHeader(writer, EntryRecordKind, (byte)entry.Kind, entry.Data.Length, entry.Term, entry.Index);
        writer.Write(entry.Data.Span);
    }

    /// <summary>Applies a batch's records in order. Entries keep slices of <paramref name="payload"/>.</summary>
    /// <returns>Null, or what the records should have said.</returns>
    public static string? Replay(ReadOnlyMemory<byte> payload, int maxEntryBytes, WalReplay replay)
    {
        while (!payload.IsEmpty)
        {
            if (payload.Length < HeaderBytes)
            {
                return $"a record header of {HeaderBytes} bytes, not {payload.Length}";
            }

            var header = payload.Span;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            var term = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            var index = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
            if (length > payload.Length - HeaderBytes)
            {
                return $"a record that ends within its batch, not one of {length} bytes";
            }

            var bytes = payload.Slice(HeaderBytes, (int)length);
            var problem = header[0] switch
            {
                HardStateKind when length == 0 => replay.Shape.Accept(new HardState(term, new(index))),
                MarkerKind or ReplaceKind or RestartKind =>
                    ReplaySnapshot(header[0], term, index, bytes.Span, replay),
                EntryRecordKind when length > maxEntryBytes =>
                    $"an entry of at most {maxEntryBytes} bytes, not {length}",
                EntryRecordKind when header[1] > (byte)EntryKind.Configuration => $"a kind of entry, not {header[1]}",
                EntryRecordKind => replay.Accept(new(index, term, (EntryKind)header[1], bytes)),
                _ => $"a kind of record, not {header[0]} of {length} bytes",
            };
            if (problem is not null)
            {
                return problem;
            }

            payload = payload[(HeaderBytes + (int)length)..];
        }

        return null;
    }

    /// <summary>
    /// The configurations among a batch's records, of snapshots and of entries. For what was read on the far side of
    /// damage, which can't be replayed.
    /// </summary>
    public static List<NotedConfiguration> ConfigurationsIn(ReadOnlySpan<byte> payload)
    {
        var found = new List<NotedConfiguration>();
        while (payload.Length >= HeaderBytes)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]);
            if (length > payload.Length - HeaderBytes)
            {
                break;
            }

            var ofSnapshot = payload[0] is MarkerKind or ReplaceKind or RestartKind;
            if (ofSnapshot || (payload[0] == EntryRecordKind && payload[1] == (byte)EntryKind.Configuration))
            {
                try
                {
                    found.Add(new(
                        BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]),
                        ConfigurationCodec.Decode(payload.Slice(HeaderBytes, (int)length)),
                        ofSnapshot));
                }
                catch (FormatException)
                {
                    // Nobody wrote this; what is known stays.
                }
            }

            payload = payload[(HeaderBytes + (int)length)..];
        }

        return found;
    }

    private static string? ReplaySnapshot(
        byte kind, ulong term, ulong index, ReadOnlySpan<byte> configuration, WalReplay replay)
    {
        try
        {
            var snapshot = new SnapshotMeta(index, term, ConfigurationCodec.Decode(configuration));
            return replay.Accept(snapshot, kind != MarkerKind, kind == RestartKind);
        }
        catch (FormatException e)
        {
            return $"a configuration; found {e.Message}";
        }
    }

    private static void WriteHeader(
        WalFrameWriter writer, byte kind, byte entryKind, int length, ulong term, ulong index)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        header[0] = kind;
        header[1] = entryKind;
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], term);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], index);
        writer.Write(header);
    }
}

/// <summary>A configuration as a log notes it.</summary>
/// <param name="IsCommitted">A snapshot carries it; that of an entry may never have been committed.</param>
internal readonly record struct NotedConfiguration(ulong Index, Configuration Configuration, bool IsCommitted);
