namespace Blixard.Raft.Storage;

/// <param name="Bytes">Read in this step.</param>
/// <param name="File">Null: all of it was sound. Else the damaged file.</param>
/// <param name="Offset">Byte offset of the damage, as far as it is known.</param>
internal readonly record struct ScrubStep(long Bytes, string? File, long Offset);

/// <summary>
/// Reads again what is on the disk and what nobody reads before the next start: segments that are full, and snapshots.
/// Damage that is found while the entries are still in memory costs nothing (raft.md: TigerBeetle's grid scrubber). A
/// damaged snapshot is set aside at once; a damaged segment when it is compacted, and it is not used again. In steps, so
/// that whoever takes them decides how fast.
/// </summary>
internal sealed class LogScrub(WriteAheadLog log, SnapshotStore snapshots)
{
    private const int SectorsPerStep = 2048;

    public IEnumerable<ScrubStep> Run()
    {
        foreach (var segment in log.SealedSegments)
        {
            using var file = log.TryOpen(segment);
            if (file is null)
            {
                continue;
            }

            file.DropCache();
            var reader = new WalSegmentReader(file, segment.Sequence, new());
            for (long sector = 0; sector < reader.Sectors; sector += SectorsPerStep)
            {
                var end = Math.Min(sector + SectorsPerStep, reader.Sectors);
                var damaged = FirstDamaged(reader, sector, end);

                // It may have become another segment meanwhile.
                if (damaged is { } bad && log.NoteDamage(segment))
                {
                    yield return new((end - sector) * WalSector.Size, segment.Path, bad * WalSector.Size);
                    break;
                }

                yield return new((end - sector) * WalSector.Size, null, 0);
            }
        }

        foreach (var step in snapshots.Scrub())
        {
            yield return step;
        }
    }

    private static long? FirstDamaged(WalSegmentReader reader, long from, long end)
    {
        // What can't be read is lost as well (ReadWindow).
        for (var sector = from; sector < end; sector++)
        {
            if (reader.Classify(sector, out _) == SectorKind.Damaged)
            {
                return sector;
            }
        }

        return null;
    }
}
