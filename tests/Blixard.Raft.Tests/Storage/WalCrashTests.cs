using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>A machine that goes down at any moment has all whose sync had returned, and nothing by half.</summary>
public sealed class WalCrashTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_power_loss_at_any_operation_loses_nothing_that_was_synced(int seed)
    {
        var operations = RunUntilPowerLoss(seed, powerLossAt: 0).Disk.Operations;
        Assert.True(operations > 100);
        for (var at = 1; at <= operations; at++)
        {
            var (script, disk) = RunUntilPowerLoss(seed, at);
            foreach (var after in Aftermaths(disk, seed + at))
            {
                using var log = WriteAheadLog.Open(after, WalScript.Directory, WalScript.Options, out var restored);
                script.Fork().Recovered(restored);
            }
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(200)]
    [InlineData(300)]
    [InlineData(400)]
    public void A_life_full_of_crashes_loses_nothing_that_was_synced(int firstSeed)
    {
        for (var seed = firstSeed; seed < firstSeed + 40; seed++)
        {
            var script = new WalScript(seed);
            var disk = new SimulatedFileSystem();
            for (var life = 0; life < 12; life++)
            {
                disk.PowerLossAt = disk.Operations + script.Random.Next(1, 60);
                try
                {
                    using var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var restored);
                    script.Recovered(restored);
                    script.Run(log, 20);
                }
                catch (PowerLossException)
                {
                    // Also in the middle of recovery.
                }

                disk.KillProcess();
                if (script.Random.Next(3) > 0)
                {
                    disk = LosePower(disk, script.Random);
                }
            }

            disk.PowerLossAt = 0;
            using var last = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var end);
            script.Recovered(end);
        }
    }

    /// <summary>
    /// A start writes the last batch anew. If that sync fails, the next start reads the new copy from the page cache, and
    /// must not give up the old one, which is on the disk, before it has written one more.
    /// </summary>
    [Fact]
    public void A_start_after_one_whose_sync_failed_loses_nothing_at_any_operation()
    {
        var finished = false;
        for (var at = 1; !finished; at++)
        {
            var disk = new SimulatedFileSystem();
            using (var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _))
            {
                log.Append(new() { HardState = new(1, new(7)), Entries = [Entry(1)] });
                log.Sync();
            }

            // Now the batch is the first of its segment, which the next start makes void; and there is a spare one, so that
            // the sync that fails is the batch's.
            WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _).Dispose();
            WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _).Dispose();
            Assert.Contains(disk.Files, name => name.EndsWith(".spare", StringComparison.Ordinal));
            disk.FailNextSync = true;
            Assert.Throws<StorageFailedException>(
                () => WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _));
            disk.KillProcess();

            disk.PowerLossAt = disk.Operations + at;
            try
            {
                WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _).Dispose();
                finished = true;
            }
            catch (PowerLossException)
            {
            }

            for (var names = 0; names <= disk.UnsyncedNameChanges; names++)
            {
                var after = disk.LosePower(() => false, names);
                using var last = WriteAheadLog.Open(after, WalScript.Directory, WalScript.Options, out var restored);
                Assert.Equal(new(1, new(7)), restored.HardState);
                Assert.Equal(1ul, Assert.Single(restored.Entries).Index);
            }
        }
    }

    /// <summary>
    /// After a failed sync the kernel shows the new bytes until the power goes. What recovery returned is acknowledged
    /// to others, so it must have been made durable by then.
    /// </summary>
    [Fact]
    public void What_recovery_returns_survives_a_loss_of_power_right_after_it()
    {
        var disk = new SimulatedFileSystem();
        var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _);
        log.Append(new() { HardState = new(1, new(7)), Entries = [Entry(1)] });
        disk.FailNextSync = true;
        Assert.Throws<StorageFailedException>(log.Sync);
        disk.KillProcess();

        using var second = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var seen);
        Assert.Single(seen.Entries);
        using var third = WriteAheadLog.Open(
            disk.LosePower(() => false, 0), WalScript.Directory, WalScript.Options, out var after);

        Assert.Single(after.Entries);
        Assert.Equal(new HardState(1, new(7)), after.HardState);
    }

    [Fact]
    public void A_torn_batch_is_dropped_and_reported()
    {
        var disk = new SimulatedFileSystem();
        var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _);
        log.Append(new() { Entries = [Entry(1)] });
        log.Sync();
        log.Append(new() { Entries = [new(2, 1, EntryKind.Command, new byte[2000])] });
        disk.PowerLossAt = disk.Operations + 2;
        Assert.Throws<PowerLossException>(log.Sync);

        var kept = 0;
        var after = disk.LosePower(() => kept++ != 2, 0);
        using var reopened = WriteAheadLog.Open(after, WalScript.Directory, WalScript.Options, out var restored);

        Assert.Single(restored.Entries);
        Assert.Equal(3u, reopened.Recovery.Torn!.Batch);
    }

    private static IEnumerable<SimulatedFileSystem> Aftermaths(SimulatedFileSystem disk, int seed)
    {
        yield return disk.LosePower(() => false, 0);
        yield return disk.LosePower(() => true, int.MaxValue);
        var random = new Random(seed);
        for (var i = 0; i < 3; i++)
        {
            yield return LosePower(disk, random);
        }

        disk.KillProcess();
        yield return disk;
    }

    private static SimulatedFileSystem LosePower(SimulatedFileSystem disk, Random random)
    {
        var chance = random.NextDouble();
        return disk.LosePower(() => random.NextDouble() < chance, random.Next(disk.UnsyncedNameChanges + 1));
    }

    private static (WalScript Script, SimulatedFileSystem Disk) RunUntilPowerLoss(int seed, int powerLossAt)
    {
        var script = new WalScript(seed);
        var disk = new SimulatedFileSystem { PowerLossAt = powerLossAt };
        try
        {
            using var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var restored);
            script.Recovered(restored);
            script.Run(log, 40);
        }
        catch (PowerLossException)
        {
        }

        return (script, disk);
    }

    private static LogEntry Entry(ulong index) => new(index, 1, EntryKind.Command, new byte[] { 1, 2, 3 });
}
