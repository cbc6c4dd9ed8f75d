using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Storage;

public sealed class PartialSnapshotTests
{
    private static readonly SnapshotMeta Meta = new(100, 3, Configuration.Of(new(1), new(2)));
    private static readonly byte[] Content = [.. Enumerable.Range(0, 3000).Select(i => (byte)(i * 7))];

    private SimulatedFileSystem _disk = new();

    [Fact]
    public void What_has_come_is_kept_over_a_restart_and_the_rest_completes_it()
    {
        using (var part = Receive(Store()))
        {
            part.Append(Content.AsSpan(0, 1000));
        }

        using (var again = Receive(Store()))
        {
            Assert.Equal(1000, again.Received);
            again.Append(Content.AsSpan(1000));
            again.Commit();
        }

        Assert.Equal(["snapshots/0000000000000064-0000000000000003.snap"], _disk.Files);
        using var stored = Store().OpenForSending(100)!;
        Assert.Equal(Meta, stored.Meta);
        stored.Verify();
    }

    [Fact]
    public void Nothing_that_came_is_visible_before_the_end()
    {
        var store = Store();
        using var part = Receive(store);
        part.Append(Content);
        Assert.Null(store.OpenForSending(0));
        Assert.False(store.Contains(Meta));
        part.Commit();
        Assert.True(store.Contains(Meta));
    }

    [Fact]
    public void A_part_that_an_own_snapshot_has_overtaken_is_removed_and_a_newer_one_stays()
    {
        foreach (ulong index in (ulong[])[100, 150])
        {
            using (var part = Store().ReceiveInParts(Meta with { Index = index }, 3000, 1))
            {
                part.Append(Content.AsSpan(0, 10));
            }

            Store().Save(Meta with { Index = 100 }, stream => stream.Write("own"u8));
            Store();
            Assert.Equal(index == 150, _disk.Files.Any(name => name.EndsWith(".part", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void The_part_that_is_being_received_is_not_taken_away_by_an_own_snapshot()
    {
        var store = Store();
        using var part = Receive(store);
        part.Append(Content.AsSpan(0, 10));
        store.Save(Meta with { Index = 200 }, stream => stream.Write("own"u8));
        part.Append(Content.AsSpan(10));
        part.Commit();
        Assert.True(store.Contains(Meta));
    }

    [Fact]
    public void A_full_disk_keeps_nothing_of_it_and_loses_nothing_else()
    {
        var store = Store();
        store.Save(Meta with { Index = 50 }, stream => stream.Write("own"u8));
        using (var part = Receive(store))
        {
            part.Append(Content.AsSpan(0, 1000));
            _disk.Capacity = 1500;
            Assert.Throws<NoSpaceException>(() => part.Append(Content.AsSpan(1000)));
        }

        Assert.Equal(["snapshots/0000000000000032-0000000000000003.snap"], _disk.Files);
        Assert.Throws<NoSpaceException>(() => Receive(store));
        _disk.Capacity = long.MaxValue;
        using var later = Receive(store);
        later.Append(Content);
        later.Commit();
    }

    [Fact]
    public void After_a_failed_sync_nothing_of_it_is_read_back()
    {
        var store = Store();
        using (var part = Receive(store))
        {
            part.Append(Content);
            _disk.FailNextSync = true;
            Assert.Throws<IOException>(part.Commit);
        }

        Assert.Empty(_disk.Files);
    }

    [Fact]
    public void Whatever_a_loss_of_power_leaves_the_snapshot_is_whole_or_not_there()
    {
        var random = new SplitMix64(11);
        for (var at = 1; at < 40; at++)
        {
            _disk = new() { PowerLossAt = at };
            try
            {
                var store = Store();
                using (var part = Receive(store))
                {
                    part.Append(Content.AsSpan(0, 1000));
                }

                using var again = Receive(store);
                again.Append(Content.AsSpan(1000));
                again.Commit();
            }
            catch (PowerLossException)
            {
                // As planned.
            }

            _disk = _disk.LosePower(() => random.Below(2) == 0, random.Below(_disk.UnsyncedNameChanges + 1));
            Complete();
            using var stored = Store().OpenForSending(100)!;
            stored.Verify();
            Assert.Single(_disk.Files);
        }
    }

    /// <summary>As the sender would: until it is stored, at most once more from the beginning.</summary>
    private void Complete()
    {
        for (var attempt = 0; !Store().Contains(Meta); attempt++)
        {
            Assert.InRange(attempt, 0, 1);
            using var part = Receive(Store());
            part.Append(Content.AsSpan((int)part.Received));
            try
            {
                part.Commit();
            }
            catch (InvalidDataException)
            {
                // What was kept was not what was sent.
            }
        }
    }

    private SnapshotStore Store() => new(_disk, "snapshots", NullLogger<SnapshotStore>.Instance);

    private static PartialSnapshot Receive(SnapshotStore store) =>
        store.ReceiveInParts(Meta, Content.Length, Crc32C.Of(Content));
}
