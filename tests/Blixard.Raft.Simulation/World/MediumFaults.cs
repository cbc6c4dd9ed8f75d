using System.Globalization;
using Blixard.Raft.Simulation.Disk;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// What a medium does behind everybody's back, to bytes that were on it: a bit rots, a write that was reported done was
/// never made, or was made in another place. The last two spare the newest batch: if all of a write that nothing came
/// after is missing, nobody can tell it from one that was never asked for. Everything before is vouched for by what
/// follows.
/// </summary>
internal static class MediumFaults
{
    /// <summary>Does one of them somewhere; returns what.</summary>
    public static string Strike(MemberDisk disk, SimRandom random)
    {
        var files = disk.Files.Files.Where(path => disk.Files.Content(path).Length > 0).ToArray();
        if (files.Length == 0)
        {
            return "nothing is there yet";
        }

        disk.WasDamaged = true;
        var path = files[random.Below(files.Length)];
        if (random.Chance(500))
        {
            return Rot(disk.Files.File(path), path, random);
        }

        var older = OlderSectors(disk.Files);
        if (older.Count == 0)
        {
            return Rot(disk.Files.File(path), path, random);
        }

        var (log, sector) = older[random.Below(older.Count)];
        var file = disk.Files.File(log);
        if (random.Chance(500))
        {
            var other = random.Below(file.Current.Length / SimulatedFile.Sector);
            var misdirected = file.Current.AsSpan(sector * SimulatedFile.Sector, SimulatedFile.Sector).ToArray();
            if (other != sector && older.Contains((log, other)))
            {
                file.Damage(other * SimulatedFile.Sector, misdirected);
                Lose(file, sector);
                return Text($"{log}: sector {sector} was written to {other}");
            }
        }

        Lose(file, sector);
        return Text($"{log}: sector {sector} was never written");
    }

    private static string Rot(SimulatedFile file, string path, SimRandom random)
    {
        // Mostly where something is: zeroes are the larger part of a preallocated file.
        var content = file.Current;
        var end = random.Chance(800) ? content.AsSpan().LastIndexOfAnyExcept((byte)0) + 1 : content.Length;
        var at = random.Below(Math.Max(1, end));
        var bit = random.Below(8);
        file.Damage(at, [(byte)(content[at] ^ (1 << bit))]);
        return Text($"{path}: bit {bit} of byte {at}");
    }

    private static void Lose(SimulatedFile file, int sector) =>
        file.Damage(sector * SimulatedFile.Sector, new byte[SimulatedFile.Sector]);

    /// <summary>The sectors of every batch but the newest.</summary>
    private static List<(string Path, int Sector)> OlderSectors(SimulatedFileSystem files)
    {
        var found = new List<(string Path, int Sector, ulong Batch)>();
        ulong newest = 0;
        foreach (var path in files.Files)
        {
            var name = path[(path.LastIndexOf('/') + 1)..];
            if (WalRecovery.SequenceOf(name, WalRecovery.Suffix) is not { } incarnation)
            {
                continue;
            }

            var content = files.Content(path);
            for (var sector = 0; sector < content.Length / SimulatedFile.Sector; sector++)
            {
                var bytes = content.AsSpan(sector * SimulatedFile.Sector, SimulatedFile.Sector);
                if (WalSector.Classify(bytes, sector, incarnation, out var stamp) == SectorKind.Written)
                {
                    found.Add((path, sector, stamp.Batch));
                    newest = Math.Max(newest, stamp.Batch);
                }
            }
        }

        return [.. found.Where(sector => sector.Batch < newest).Select(sector => (sector.Path, sector.Sector))];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
