namespace Blixard.Raft.Storage;

/// <summary>Every intact sector of a damaged log, by the batch it belongs to: what was written last?</summary>
internal sealed class WalSightings(List<OpenedSegment> segments)
{
    /// <summary>
    /// What the newest batch that was wholly written says of the log's state; null if no sector of it is intact, or if
    /// a damaged sector may hide a later one.
    /// </summary>
    public SectorStamp? Newest()
    {
        if (Highest(below: ulong.MaxValue) is not { } highest)
        {
            return null;
        }

        switch (Find(highest.Batch))
        {
            case (BatchState.Written, var place):
                return MayHideLater(place) ? null : highest;
            case (BatchState.Unknown, _):
                return null;
        }

        // A batch that was being written when the power went. It is no promise, but it proves that the one before it
        // was on stable storage and the last.
        return Highest(below: highest.Batch) is { } before
            && before.Batch == highest.Batch - 1
            && Find(before.Batch).State == BatchState.Written
            ? before
            : null;
    }

    private SectorStamp? Highest(ulong below)
    {
        SectorStamp? highest = null;
        foreach (var segment in segments)
        {
            for (long sector = 0; sector < segment.Reader.Sectors; sector++)
            {
                if (segment.Reader.Classify(sector, out var stamp) == SectorKind.Written
                    && stamp.Batch < below
                    && !(highest?.Batch >= stamp.Batch))
                {
                    highest = stamp;
                }
            }
        }

        return highest;
    }

    /// <summary>A batch that a start wrote again may stand in two segments: the newest that has all of it.</summary>
    private (BatchState State, Place Place) Find(ulong batch)
    {
        var state = BatchState.Torn;
        for (var i = segments.Count - 1; i >= 0; i--)
        {
            var frames = FramesOf(segments[i].Reader, batch);
            if (frames.Count == 0)
            {
                continue;
            }

            switch (StateOf(segments[i].Reader, frames))
            {
                case BatchState.Written:
                    return (BatchState.Written, new(i, frames.Max(frame => frame.Start + frame.Count)));
                case BatchState.Unknown:
                    state = BatchState.Unknown;
                    break;
            }
        }

        return (state, default);
    }

    private static HashSet<(long Start, long Count)> FramesOf(WalSegmentReader reader, ulong batch)
    {
        var frames = new HashSet<(long Start, long Count)>();
        for (long sector = 0; sector < reader.Sectors; sector++)
        {
            if (reader.Classify(sector, out var stamp) == SectorKind.Written && stamp.Batch == batch)
            {
                frames.Add((sector - stamp.Number, stamp.Count));
            }
        }

        return frames;
    }

    private static BatchState StateOf(WalSegmentReader reader, HashSet<(long Start, long Count)> frames)
    {
        if (!frames.All(frame => frame.Start >= 0 && frame.Start + frame.Count <= reader.Sectors))
        {
            return BatchState.Unknown;
        }

        if (frames.Any(frame => HasUnwritten(reader, frame.Start, frame.Count)))
        {
            return BatchState.Torn;
        }

        // The head of a segment and its first batch are written together, and of that one nothing is to be seen.
        var first = frames.First();
        return frames.Count > 1 || first.Start > 0 ? BatchState.Written
            : first.Count < reader.Sectors && reader.Classify(first.Count, out _) == SectorKind.Unwritten
                ? BatchState.Torn
            : BatchState.Unknown;
    }

    private static bool HasUnwritten(WalSegmentReader reader, long start, long count)
    {
        for (var sector = start; sector < start + count; sector++)
        {
            if (reader.Classify(sector, out _) == SectorKind.Unwritten)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// A damaged sector where the next batch would begin: after this one, or in a later segment. A next batch whose
    /// first sector was never written is none, whatever else is wrong. A file of an odd length may have lost its end.
    /// </summary>
    private bool MayHideLater(Place place)
    {
        var segment = segments[place.Segment];
        if (segment.Length % WalSector.Size != 0
            || (place.End < segment.Reader.Sectors
                && segment.Reader.Classify(place.End, out _) == SectorKind.Damaged))
        {
            return true;
        }

        return segments.Skip(place.Segment + 1).Any(
            later => later.Reader.Sectors == 0 || later.Reader.Classify(0, out _) == SectorKind.Damaged);
    }

    private enum BatchState
    {
        /// <summary>No sector was left unwritten: its sync may have returned.</summary>
        Written,

        /// <summary>At least one sector was never written: its sync did not return.</summary>
        Torn,

        /// <summary>Damage covers what would tell.</summary>
        Unknown,
    }

    /// <param name="End">The sector after its last.</param>
    private readonly record struct Place(int Segment, long End);
}
