using System.Globalization;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>A segment that holds part of the log.</summary>
/// <param name="Sequence">Its number, and the incarnation in its sectors.</param>
/// <param name="Follows">The segment before it, see <see cref="WalHead"/>.</param>
/// <param name="MaxIndex">The highest index of an entry in it.</param>
internal sealed record WalSegment(uint Sequence, uint Follows, string Path, long Length, ulong MaxIndex);

/// <summary>What recovery read. Nothing on disk has been changed by it.</summary>
/// <param name="LastBatch">
/// The newest complete batch, whose payload is <paramref name="Tail"/>. It may have been read from the page cache, not
/// the disk: it is written again before anything is acknowledged.
/// </param>
/// <param name="BeforeLast">State before it.</param>
/// <param name="DigestBeforeLast">Digest of the batch before it.</param>
/// <param name="LastStart">Sector in the last segment at which it begins.</param>
/// <param name="LastEnd">Sector at which it ends; what follows is not log.</param>
/// <param name="LastIsFirst">It is the first in the last segment, which is needless once it is rewritten.</param>
/// <param name="Abandoned">Paths of segments whose first batch was never completed: they hold nothing.</param>
/// <param name="Superseded">
/// Paths of segments that a later one makes void. If that later one was read from the page cache, they may hold the one
/// copy of the last batch that is on the disk.
/// </param>
/// <param name="Salvage">Non-null: the log was damaged, and this is what is left of it.</param>
internal sealed record RecoveredLog(
    WalReplay Replay,
    IReadOnlyList<WalSegment> Segments,
    ulong LastBatch,
    ReadOnlyMemory<byte> Tail,
    WalHead BeforeLast,
    uint DigestBeforeLast,
    long LastStart,
    long LastEnd,
    bool LastIsFirst,
    ulong TailMaxIndex,
    IReadOnlyList<string> Abandoned,
    IReadOnlyList<string> Superseded,
    RecoveryReport Report,
    Salvaged? Salvage = null);

/// <summary>
/// Reads a log back. The rule that tells a torn batch from a damaged one: a batch is written only after the sync of the
/// one before it has returned. So any intact sector of batch N proves that all before N are on stable storage, and must
/// be readable; only the last can be torn, and then at least one of its sectors was never written (see
/// <see cref="WalSector"/>). Everything else is damage: refused here, and perhaps salvaged by <see cref="WalSalvage"/>.
/// </summary>
internal sealed class WalRecovery(IFileSystem fileSystem, string directory, WalOptions options)
{
    public const string Suffix = ".wal";

    private readonly ReadWindow _window = new();
    private readonly List<WalSegment> _done = [];
    private WalReplay _replay = new(new());
    private TornTail? _torn;
    private ulong _expected;
    private uint _digest;
    private long _batches;

    public static string NameOf(uint sequence, string suffix) =>
        sequence.ToString("x8", CultureInfo.InvariantCulture) + suffix;

    /// <summary>The number in a name that <see cref="NameOf"/> made; null for other names.</summary>
    public static uint? SequenceOf(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal)
        && name.Length == 8 + suffix.Length
        && uint.TryParse(
            name.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sequence)
            ? sequence
            : null;

    /// <exception cref="WalCorruptException">Something durable is damaged or missing.</exception>
    public RecoveredLog Run()
    {
        var found = OpenedSegment.All(fileSystem, directory, _window);
        try
        {
            return Read(found);
        }
        finally
        {
            found.ForEach(segment => segment.File.Dispose());
        }
    }

    private RecoveredLog Read(List<OpenedSegment> found)
    {
        foreach (var segment in found)
        {
            if (segment.Length == 0 || segment.Length % WalSector.Size != 0)
            {
                throw new WalCorruptException(
                    segment.Path,
                    segment.Length,
                    $"a length that is a multiple of {WalSector.Size}, not {segment.Length}");
            }
        }

        // Backwards: each segment says which one it follows, and makes void what lies between.
        var live = new List<(OpenedSegment Segment, SegmentHead Head)>();
        var superseded = new List<OpenedSegment>();
        var trailing = new List<OpenedSegment>();
        for (var i = found.Count - 1; i >= 0; i--)
        {
            var segment = found[i];
            var follower = live.Count > 0 ? live[0] : default;
            if (follower.Segment is not null && segment.Sequence > follower.Head.Content.Follows)
            {
                superseded.Add(segment);
            }
            else if (follower.Segment is not null && segment.Sequence < follower.Head.Content.Follows)
            {
                throw new WalCorruptException(
                    follower.Segment.Path,
                    0,
                    $"segment {NameOf(follower.Head.Content.Follows, Suffix)}, which this one follows, beside it");
            }
            else if (ReadHead(segment) is { } head)
            {
                live.Insert(0, (segment, head));
            }
            else if (follower.Segment is null)
            {
                trailing.Insert(0, segment);
            }
            else
            {
                throw new WalCorruptException(
                    segment.Path, 0, $"a whole first batch: {follower.Segment.Path} goes on from it");
            }
        }

        for (var i = 0; i < live.Count - 1; i++)
        {
            ReadDurable(live[i].Segment, live[i].Head, first: i == 0, next: live[i + 1].Head.FirstBatch);
        }

        var log = live.Count > 0 ? ReadLast(live[^1].Segment, live[^1].Head, first: live.Count == 1) : Empty();
        var end = live.Count > 0 ? (live[^1].Segment, log.LastEnd) : default;
        trailing.ForEach(segment => CheckTrailing(segment, live.Count > 0 ? log.LastBatch : 0, end));
        if (_replay.Complete() is { } gap)
        {
            throw new WalCorruptException(found[0].Path, 0, gap);
        }

        return log with
        {
            Segments = _done,
            Abandoned = [.. trailing.Select(segment => segment.Path)],
            Superseded = [.. superseded.Select(segment => segment.Path)],
            Report = new() { Segments = live.Count, Batches = _batches, Torn = _torn },
        };
    }

    /// <summary>Null: the segment's first batch was never completed, so the segment holds nothing.</summary>
    /// <exception cref="StorageIdentityException">It is another member's.</exception>
    public SegmentHead? ReadHead(OpenedSegment segment)
    {
        var head = Sound(segment, segment.Reader.ReadFrame(0, FrameKind.Head, null));
        if (head.Status != FrameStatus.Complete)
        {
            return null;
        }

        var batch = Sound(segment, segment.Reader.ReadFrame(head.EndSector, FrameKind.Batch, head.Batch));
        if (batch.Status != FrameStatus.Complete)
        {
            return null;
        }

        try
        {
            var content = WalHead.Read(head.Payload);
            if (content.ClusterId != options.ClusterId || content.Member != options.Member)
            {
                throw new StorageIdentityException(
                    $"{segment.Path} is the log of member {content.Member} of cluster {content.ClusterId:x16}; "
                    + $"this is member {options.Member} of cluster {options.ClusterId:x16}");
            }

            return new(content, head.Batch, head.Header.PreviousDigest, head.EndSector);
        }
        catch (FormatException e)
        {
            throw new WalCorruptException(segment.Path, 0, $"a segment head; found {e.Message}");
        }
    }

    /// <summary>Begins a segment: it must continue what was read so far.</summary>
    private void Enter(OpenedSegment segment, SegmentHead head, bool first)
    {
        if (first)
        {
            (_replay, _expected, _digest) = (new(LogShape.From(head.Content)), head.FirstBatch, head.PreviousDigest);
            return;
        }

        if (head.FirstBatch != _expected || head.PreviousDigest != _digest)
        {
            throw new WalCorruptException(
                segment.Path, 0, $"a segment that continues with batch {_expected} (digest {_digest:x8}), "
                + $"not {head.FirstBatch} ({head.PreviousDigest:x8})");
        }

        if (head.Content != WalHead.Of(_replay.Shape, options, head.Content.Follows))
        {
            throw new WalCorruptException(segment.Path, 0, "the state that the batches before it leave");
        }
    }

    /// <summary>A segment that has a successor: all its batches before the successor's first are durable.</summary>
    private void ReadDurable(OpenedSegment segment, SegmentHead head, bool first, ulong next)
    {
        Enter(segment, head, first);
        _replay.MaxIndex = 0;
        if (next < _expected)
        {
            throw new WalCorruptException(
                segment.Path, 0, $"batches before {next}, with which the next segment begins, not {_expected}");
        }

        var sector = head.EndSector;
        while (_expected < next)
        {
            var frame = Sound(segment, segment.Reader.ReadFrame(sector, FrameKind.Batch, _expected));
            if (frame.Status != FrameStatus.Complete)
            {
                throw new WalCorruptException(
                    segment.Path,
                    sector * WalSector.Size,
                    $"batch {_expected}, which was durable when batch {next} of a later segment was written");
            }

            Apply(segment, sector, frame);
            sector = frame.EndSector;
        }

        _done.Add(segment.Describe(head.Content.Follows, _replay.MaxIndex));
    }

    private RecoveredLog ReadLast(OpenedSegment segment, SegmentHead head, bool first)
    {
        Enter(segment, head, first);
        _replay.MaxIndex = 0;

        // One behind: the last complete batch is known only when the next is not there.
        var lastStart = head.EndSector;
        var last = Sound(segment, segment.Reader.ReadFrame(lastStart, FrameKind.Batch, _expected));
        while (true)
        {
            var next = Sound(segment, segment.Reader.ReadFrame(last.EndSector, FrameKind.Batch, _expected + 1));
            if (next.Status != FrameStatus.Complete)
            {
                CheckEnd(segment, last.EndSector, _expected + 1);
                break;
            }

            Apply(segment, lastStart, last);
            (lastStart, last) = (last.EndSector, next);
        }

        _done.Add(segment.Describe(head.Content.Follows, _replay.MaxIndex));
        var (batch, before, digest) = (_expected, WalHead.Of(_replay.Shape, options, follows: 0), _digest);
        _replay.MaxIndex = 0;
        Apply(segment, lastStart, last);
        return new(
            _replay,
            [],
            batch,
            last.Payload,
            before,
            digest,
            lastStart,
            last.EndSector,
            LastIsFirst: lastStart == head.EndSector,
            TailMaxIndex: _replay.MaxIndex,
            Abandoned: [],
            Superseded: [],
            new() { Segments = 0, Batches = 0 });
    }

    /// <summary>The log ends before <paramref name="sector"/>, if nothing after it says otherwise.</summary>
    private void CheckEnd(OpenedSegment segment, long sector, ulong missing)
    {
#if MUTANTS
        if (Planted.Is(Mutant.DamageTakenForTornTail))
        {
            return;
        }
#endif
        var (_, highest) = segment.Reader.Batches(sector);
        if (highest > missing)
        {
            throw new WalCorruptException(
                segment.Path,
                sector * WalSector.Size,
                $"batch {missing}, which was durable when batch {highest} was written");
        }

        if (highest == missing)
        {
            _torn = new(segment.Path, sector * WalSector.Size, missing);
        }
    }

    /// <summary>Without a whole first batch, at the end: the trace of a crash, if it was to continue the log.</summary>
    private void CheckTrailing(OpenedSegment segment, ulong lastBatch, (OpenedSegment Segment, long Sector) end)
    {
        var (lowest, highest) = segment.Reader.Batches(0);
        if (highest > lastBatch + 1)
        {
            // Either its own beginning is damaged, or the segment before it lacks what this one continued.
            throw lowest > lastBatch + 1 && end.Segment is not null
                ? new WalCorruptException(
                    end.Segment.Path,
                    end.Sector * WalSector.Size,
                    $"batch {lastBatch + 1}, which was durable when batch {lowest} was written")
                : new WalCorruptException(segment.Path, 0, $"a whole first batch: it has a sector of batch {highest}");
        }

        if (highest == lastBatch + 1 && lastBatch > 0)
        {
            _torn = new(segment.Path, 0, highest);
        }
    }

    private void Apply(OpenedSegment segment, long sector, FrameRead frame)
    {
        if (frame.Header.PreviousDigest != _digest)
        {
            throw new WalCorruptException(
                segment.Path,
                sector * WalSector.Size,
                $"a batch that follows one with digest {_digest:x8}, not {frame.Header.PreviousDigest:x8}");
        }

        if (WalRecords.Replay(frame.Payload, options.MaxEntryBytes, _replay) is { } problem)
        {
            throw new WalCorruptException(segment.Path, sector * WalSector.Size, problem);
        }

        _digest = frame.Digest;
        _expected++;
        _batches++;
    }

    private RecoveredLog Empty() => new(
        _replay,
        [],
        LastBatch: 1,
        Tail: default,
        WalHead.Of(_replay.Shape, options, follows: 0),
        DigestBeforeLast: 0,
        LastStart: 0,
        LastEnd: 0,
        LastIsFirst: false,
        TailMaxIndex: 0,
        Abandoned: [],
        Superseded: [],
        new() { Segments = 0, Batches = 0 });

    private static FrameRead Sound(OpenedSegment segment, FrameRead frame) =>
#if MUTANTS
        Planted.Is(Mutant.DamageTakenForTornTail) ? frame :
#endif
        frame.Status == FrameStatus.Damaged
            ? throw new WalCorruptException(segment.Path, frame.BadSector * WalSector.Size, frame.Problem)
            : frame;

}
