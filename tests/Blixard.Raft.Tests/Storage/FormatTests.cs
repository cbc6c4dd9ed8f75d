using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Storage;

/// <summary>
/// Files of the released versions, byte for byte: lines of an offset and sixteen bytes, without those that are all zero. A change
/// here means that a node can't read its own disk after an upgrade.
/// </summary>
public sealed class FormatTests
{
    private static readonly Configuration s_members = new([new(7), new(8)], [new(9)]);

    [Fact]
    public void A_segment_of_version_2_is_written_as_it_always_was()
    {
        var disk = new SimulatedFileSystem();
        using (var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _))
        {
            log.Append(new() { Snapshot = new(0, 0, s_members) });
            log.Append(new()
            {
                HardState = new(2, new(8)),
                Entries = [Entry(1, EntryKind.Noop, ""), Entry(2, EntryKind.Command, "two")],
            });
            log.Sync();
            log.Append(new() { Snapshot = new(2, 2, s_members) });
            log.Append(new() { Snapshot = new(9, 2, s_members), ReplacesLog = true });
            log.Sync();
        }

        Assert.Equal(Golden("segment-v2.txt"), Dump(disk.Content(disk.Files.Single())));
    }

    [Fact]
    public void A_segment_of_version_2_is_read()
    {
        var disk = new SimulatedFileSystem();
        using (var file = disk.Create($"{WalScript.Directory}/00000001.wal"))
        {
            file.Write(0, Parse(Golden("segment-v2.txt"), 8 << 10));
        }

        using var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var restored);

        Assert.Equal(new HardState(2, new(8)), restored.HardState);
        Assert.Equal(new SnapshotMeta(9, 2, s_members), restored.Snapshot);
        Assert.Empty(restored.Entries);
        Assert.Equal(3, log.Recovery.Batches);
    }

    [Fact]
    public void A_snapshot_of_version_1_is_written_as_it_always_was()
    {
        var disk = new SimulatedFileSystem();
        new SnapshotStore(disk, "snapshots", NullLogger<SnapshotStore>.Instance)
            .Save(new(9, 2, s_members), stream => stream.Write("state"u8));

        Assert.Equal("snapshots/0000000000000009-0000000000000002.snap", disk.Files.Single());
        Assert.Equal(Golden("snapshot-v1.txt"), Dump(disk.Content(disk.Files.Single())));
    }

    [Fact]
    public void A_newer_version_is_refused_by_its_number()
    {
        var disk = new SimulatedFileSystem();
        WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _).Dispose();
        var sector = disk.Content(disk.Files.Single()).AsSpan(0, WalSector.Size);
        sector[WalSector.PrefixBytes + 4] = 3;
        WalSector.Seal(sector, 0, 1, new(1, default, 0, 0, 2));

        var refused = Assert.Throws<StorageVersionException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _));

        Assert.Contains("is of format version 3", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_1_which_was_never_released_is_refused_by_its_number()
    {
        var disk = new SimulatedFileSystem();
        using (var file = disk.Create($"{WalScript.Directory}/00000001.wal"))
        {
            file.Write(0, Convert.FromHexString(
                "bc0c1ad60100000001000000000000004258574c01010000000000000000000000000000450000"
                + "00c10000000000000007000000000000000000000000000000"));
            file.Write(0x60, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
            file.SetLength(4096);
        }

        var sector = disk.Content(disk.Files.Single()).AsSpan(0, WalSector.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(sector, Crc32C.Append(0, sector[4..]));
        var refused = Assert.Throws<StorageVersionException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _));

        Assert.Contains("is of format version 1; this node reads and writes version 2", refused.Message, StringComparison.Ordinal);
    }

    private static LogEntry Entry(ulong index, EntryKind kind, string text) =>
        new(index, 2, kind, Encoding.UTF8.GetBytes(text));

    private static string Golden(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Storage", name)).ReplaceLineEndings("\n");

    private static string Dump(byte[] content)
    {
        var text = new StringBuilder();
        for (var at = 0; at < content.Length; at += 16)
        {
            var row = content.AsSpan(at, Math.Min(16, content.Length - at));
            if (row.ContainsAnyExcept((byte)0))
            {
                text.Append(CultureInfo.InvariantCulture, $"{at:x4} {Convert.ToHexStringLower(row)}\n");
            }
        }

        return text.ToString();
    }

    private static byte[] Parse(string dump, int length)
    {
        var content = new byte[length];
        foreach (var line in dump.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = int.Parse(line.AsSpan(0, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            Convert.FromHexString(line[5..]).CopyTo(content, at);
        }

        return content;
    }
}
