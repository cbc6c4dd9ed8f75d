using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// The file <c>repair</c> beside the log: this member lost what it had acknowledged, and is not whole again. It is there
/// before anything of the damaged log is changed, and until the repair is durable. Two equal sectors, so that it does
/// not fall to one more flipped bit. Little-endian. Permanent.
/// <code>u32 CRC32C of the rest, u32 magic, u64 version, u64 cluster, u64 member, u64 through, u64 term, zeroes</code>
/// </summary>
internal static class RepairMarker
{
    /// <summary>Of the file.</summary>
    public const string Name = "repair";

    private const uint Magic = 0x5052_5842; // "BXRP"
    private const ulong Version = 1;
    private const int Copies = 2;

    /// <summary>Null: there is none.</summary>
    /// <exception cref="WalCorruptException">There is one, and both of its copies are damaged.</exception>
    public static Repair? Read(IFileSystem fileSystem, string directory, WalOptions options)
    {
        if (!fileSystem.List(directory).Contains(Name))
        {
            return null;
        }

        var path = $"{directory}/{Name}";
        using var file = fileSystem.Open(path, writable: false);
        Span<byte> copy = stackalloc byte[WalSector.Size];
        for (var i = 0; i < Copies; i++)
        {
            if (IsReadable(file, i, copy)
                && BinaryPrimitives.ReadUInt32LittleEndian(copy) == Crc32C.Of(copy[sizeof(uint)..])
                && BinaryPrimitives.ReadUInt32LittleEndian(copy[4..]) == Magic)
            {
                return Decode(copy, path, options);
            }
        }

        throw new WalCorruptException(
            path, 0, "an intact note of what this member lost", WalSalvage.JoinAnew);
    }

    private static bool IsReadable(IFile file, int number, Span<byte> copy)
    {
        try
        {
            return file.Read(number * WalSector.Size, copy) == WalSector.Size;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Durable when it returns; there is the old one or the new one at any moment.</summary>
    public static void Write(IFileSystem fileSystem, string directory, WalOptions options, Repair repair)
    {
        var bytes = new byte[Copies * WalSector.Size];
        var copy = bytes.AsSpan(0, WalSector.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[4..], Magic);
        ReadOnlySpan<ulong> values = [Version, options.ClusterId, options.Member.Value, repair.Through, repair.Term];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(copy[(8 + (i * sizeof(ulong)))..], values[i]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(copy, Crc32C.Of(copy[sizeof(uint)..]));
        copy.CopyTo(bytes.AsSpan(WalSector.Size));

        var temporary = $"{directory}/{Name}{SegmentPool.TemporarySuffix}";
        if (fileSystem.List(directory).Contains(Name + SegmentPool.TemporarySuffix))
        {
            fileSystem.Delete(temporary);
        }

        using (var file = fileSystem.Create(temporary))
        {
            file.Write(0, bytes);
            file.SyncData();
        }

        fileSystem.Rename(temporary, $"{directory}/{Name}");
        fileSystem.SyncDirectory(directory);
    }

    /// <summary>The repair is done, and what it brought is durable.</summary>
    public static void Delete(IFileSystem fileSystem, string directory)
    {
        fileSystem.Delete($"{directory}/{Name}");
        fileSystem.SyncDirectory(directory);
    }

    private static Repair Decode(ReadOnlySpan<byte> copy, string path, WalOptions options)
    {
        var version = BinaryPrimitives.ReadUInt64LittleEndian(copy[8..]);
        if (version != Version)
        {
            throw new StorageVersionException($"{path} is of format version {version}; this node reads {Version}");
        }

        var (cluster, member) = (
            BinaryPrimitives.ReadUInt64LittleEndian(copy[16..]),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(copy[24..])));
        return cluster == options.ClusterId && member == options.Member
            ? new(
                BinaryPrimitives.ReadUInt64LittleEndian(copy[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(copy[40..]))
            : throw new StorageIdentityException($"{path} is of member {member} of cluster {cluster:x16}");
    }
}
