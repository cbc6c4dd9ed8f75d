using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>The machine's own disk, and the log on it.</summary>
public sealed class PosixFileSystemTests : IDisposable
{
    private readonly PosixFileSystem _files = PosixFileSystem.Instance;
    private readonly string _directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public PosixFileSystemTests() => _files.CreateDirectory($"{_directory}/a/b");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Bytes_are_written_and_read_at_offsets()
    {
        using (var file = _files.Create($"{_directory}/x"))
        {
            file.Preallocate(3 << 20, CancellationToken.None);
            file.Write(1000, [1, 2, 3]);
            file.SyncData();
        }

        using var again = _files.Open($"{_directory}/x", writable: false);
        var read = new byte[5];
        Assert.Equal(5, again.Read(999, read));
        Assert.Equal([0, 1, 2, 3, 0], read);
        Assert.Equal(3 << 20, again.Length);
        Assert.Equal(1, again.Read((3 << 20) - 1, read));
        Assert.Equal(0, again.Read(3 << 20, read));
    }

    [Fact]
    public void Space_is_reserved_and_a_cache_dropped()
    {
        using var file = _files.Create($"{_directory}/x");
        file.Reserve(3 << 20);
        file.Write(1000, [1, 2, 3]);
        file.SyncData();
        file.DropCache();
        var read = new byte[3];
        Assert.Equal(3, file.Read(1000, read));
        Assert.Equal([1, 2, 3], read);
        Assert.Equal(3 << 20, file.Length);
        Assert.Throws<IOException>(() => file.Reserve(long.MaxValue / 2));
    }

    [Fact]
    public void Names_are_listed_in_order_renamed_and_deleted()
    {
        _files.Create($"{_directory}/b").Dispose();
        _files.Create($"{_directory}/c").Dispose();
        Assert.Throws<IOException>(() => _files.Create($"{_directory}/c"));
        _files.Rename($"{_directory}/c", $"{_directory}/B");
        _files.SyncDirectory(_directory);

        Assert.Equal(["B", "b"], _files.List(_directory));
        _files.Delete($"{_directory}/B");
        Assert.Equal(["b"], _files.List(_directory));
        Assert.Throws<FileNotFoundException>(() => _files.Open($"{_directory}/B", writable: false));
    }

    [Fact]
    public void A_full_disk_is_said_to_be_full()
    {
        using var full = _files.Open("/dev/full", writable: true);

        Assert.Throws<NoSpaceException>(() => full.Write(0, new byte[4096]));
        Assert.True(_files.FreeBytes(_directory) > 0);
    }

    [Fact]
    public void Errors_of_the_kernel_are_thrown()
    {
        using var memory = _files.Open("/dev/null", writable: true);

        var notSynced = Assert.Throws<IOException>(memory.SyncData);
        Assert.Contains("fdatasync /dev/null", notSynced.Message, StringComparison.Ordinal);
        var notFound = Assert.Throws<IOException>(() => _files.SyncDirectory($"{_directory}/nowhere"));
        Assert.Contains("nowhere", notFound.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_is_held_by_one()
    {
        using (_files.Lock($"{_directory}/lock"))
        {
            Assert.Contains(
                "another process",
                Assert.Throws<IOException>(() => _files.Lock($"{_directory}/lock")).Message,
                StringComparison.Ordinal);
        }

        _files.Lock($"{_directory}/lock").Dispose();
    }

    [Fact]
    public void A_log_with_segments_prepared_ahead_keeps_everything_over_restarts()
    {
        var options = WalScript.Options with { PrepareAhead = true, SegmentBytes = 64 << 10 };
        ulong last = 0;
        for (var life = 0; life < 3; life++)
        {
            using var log = WriteAheadLog.Open(_files, $"{_directory}/wal", options, out var restored);
            Assert.Equal(last, (ulong)restored.Entries.Count);
            for (var i = 0; i < 300; i++)
            {
                log.Append(new() { Entries = [new(++last, 1, EntryKind.Command, new byte[400])] });
                log.Sync();
            }
        }

        using var end = WriteAheadLog.Open(_files, $"{_directory}/wal", options, out var all);
        Assert.Equal(last, all.Entries[^1].Index);
    }
}
