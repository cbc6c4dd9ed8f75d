using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <param name="Damage">What was found first.</param>
/// <param name="Restart">Non-null: nothing of the log can be used, and it begins anew with this.</param>
/// <param name="Lost">Null: nothing that mattered was damaged.</param>
/// <param name="Void">Paths of segments that hold nothing of the log any more.</param>
/// <param name="Damaged">Those among them that have a damaged sector.</param>
internal sealed record Salvaged(
    LogDamage Damage,
    SnapshotMeta? Restart,
    Repair? Lost,
    IReadOnlyList<string> Void,
    IReadOnlyList<string> Damaged);

/// <summary>
/// What is left of a damaged log: the batches before the damage, and, from a sector on its far side, the exact term,
/// vote and last index that were on stable storage. With these the member can take part again without breaking a
/// promise (<see cref="Repair"/>), and its leader gives it the rest. Reads only.
/// </summary>
/// <remarks>
/// Known exactly means: of the newest batch that was wholly written at least one sector is intact, and nothing damaged
/// stands where a later batch could have been. Otherwise, and if this member is the only voter, the damage is refused.
/// </remarks>
internal sealed class WalSalvage(
    IFileSystem fileSystem, string directory, WalOptions options, WalCorruptException damage)
{
    /// <summary>What an operator can do when promises can't be known.</summary>
    public const string JoinAnew =
        "What this member last promised can't be known from what is left, so it must not come back as itself: remove it "
        + "from the cluster, empty its data directory and let it join as a new member.";

    /// <summary>What an operator can do when there is nobody to repair this member.</summary>
    public const string NobodyElse =
        "It is the only voter, so there is no other member to repair it from: put back a copy of its data directory "
        + "that was made before, or begin anew with an empty one.";

    private readonly WalRecovery _strict = new(fileSystem, directory, options);

    /// <summary>Nobody else has what this member lost.</summary>
    public static bool IsSoleVoter(MemberId member, Configuration configuration) =>
        configuration.IsVoter(member) && configuration.AllVoters.All(voter => voter == member);

    /// <exception cref="WalCorruptException">It can't be salvaged; the message says why and what to do.</exception>
    public RecoveredLog Run()
    {
        var found = OpenedSegment.All(fileSystem, directory, new());
        try
        {
            return Read(found);
        }
        finally
        {
            found.ForEach(segment => segment.File.Dispose());
        }
    }

    /// <summary>
    /// The intact beginning alone, for who has no promises to keep any more; null: there is none. And what the newest
    /// batch says, if that is known.
    /// </summary>
    /// <exception cref="WalCorruptException">What is intact breaks a rule of the log.</exception>
    public (WalReplay? Prefix, SectorStamp? Newest) ReadPrefix()
    {
        var found = OpenedSegment.All(fileSystem, directory, new());
        try
        {
            var live = WithoutVoid(found);
            var newest = new WalSightings(live).Newest();
            return (ReadIntact(live, newest?.Batch ?? ulong.MaxValue - 1)?.Replay, newest);
        }
        finally
        {
            found.ForEach(segment => segment.File.Dispose());
        }
    }

    private RecoveredLog Read(List<OpenedSegment> found)
    {
        var live = WithoutVoid(found);
        var newest = new WalSightings(live).Newest() ?? throw Refused(JoinAnew);
        var noted = ConfigurationsIn(live);
        if (IsSoleVoter(options.Member, Newest(noted) ?? options.FirstConfiguration))
        {
            throw Refused(NobodyElse);
        }

        var intact = ReadIntact(live, newest.Batch);
        SnapshotMeta? restart = null;
        if (intact is null || intact.Replay.Complete() is not null)
        {
            // The beginning is missing, so that what follows hangs in the air. Where no entry of the log ever changes
            // who counts, this stays in force for good: it must be committed (Recovery.Nothing).
            restart = new(0, 0, Newest(noted.Where(known => known.IsCommitted)) ?? options.FirstConfiguration);
            intact = Intact.Nothing(restart, options, newest.Batch + 1);
        }

        var isWhole = intact.LastBatch == newest.Batch && restart is null;
        var shape = intact.Replay.Shape;
        if (shape.Accept(newest.HardState) is not null
            || (isWhole && (shape.LastIndex, shape.HardState) != (newest.LastIndex, newest.HardState)))
        {
            throw Refused(JoinAnew);
        }

        var kept = intact.Whole.Select(segment => segment.Path).ToHashSet();
        var gone = found.Where(segment => !kept.Contains(segment.Path)).ToList();
        var report = new LogDamage(damage.File, damage.Offset, damage.Expected, shape.LastIndex, newest.LastIndex);
        return new(
            intact.Replay,
            intact.Whole,
            LastBatch: intact.FirstBatch,
            Tail: intact.Tail.ToArray(),
            BeforeLast: intact.Before,
            DigestBeforeLast: intact.DigestBefore,
            LastStart: 0,
            LastEnd: 0,
            LastIsFirst: false,
            TailMaxIndex: intact.Replay.MaxIndex,
            Abandoned: [],
            Superseded: [],
            new() { Segments = live.Count, Batches = intact.Batches, Damage = report },
            new(
                report,
                restart,
                isWhole ? null : new(newest.LastIndex, newest.HardState.Term),
                [.. gone.Select(segment => segment.Path)],
                [.. gone.Where(IsDamaged).Select(segment => segment.Path)]));
    }

    /// <summary>Segments that an intact one does not make void.</summary>
    private List<OpenedSegment> WithoutVoid(List<OpenedSegment> found)
    {
        var live = new List<OpenedSegment>(found);
        for (var i = live.Count - 1; i >= 0; i--)
        {
            if (TryReadHead(live[i]) is { } head)
            {
                var (follows, own) = (head.Content.Follows, live[i].Sequence);
                i -= live.RemoveAll(segment => segment.Sequence > follows && segment.Sequence < own);
            }
        }

        return live;
    }

    /// <summary>The batches from the beginning, up to the first that is not intact.</summary>
    private Intact? ReadIntact(List<OpenedSegment> live, ulong newest)
    {
        Intact? intact = null;
        for (var i = 0; i < live.Count; i++)
        {
            if (TryReadHead(live[i]) is not { } head
                || (intact is not null && !intact.IsContinuedBy(live[i - 1].Sequence, head, options)))
            {
                break;
            }

            if (intact is null)
            {
                intact = new(new(LogShape.From(head.Content)), head);
            }
            else
            {
                intact.Next(live[i - 1], head);
            }

            var next = i + 1 < live.Count && TryReadHead(live[i + 1]) is { } following
                ? following.FirstBatch
                : newest + 1;
            if (!ReadBatches(live[i], intact, head.EndSector, next))
            {
                break;
            }
        }

        return intact;
    }

    private bool ReadBatches(OpenedSegment segment, Intact intact, long sector, ulong next)
    {
        while (intact.LastBatch + 1 < next)
        {
            var frame = segment.Reader.ReadFrame(sector, FrameKind.Batch, intact.LastBatch + 1);
            if (frame.Status != FrameStatus.Complete || frame.Header.PreviousDigest != intact.Digest)
            {
                return false;
            }

            if (WalRecords.Replay(frame.Payload, options.MaxEntryBytes, intact.Replay) is not null)
            {
                // Intact as far as its checksums go, and yet it breaks a rule: nothing here can be relied on.
                throw Refused(JoinAnew);
            }

            intact.Add(frame);
            sector = frame.EndSector;
        }

        return true;
    }

    /// <summary>Null: none says who the members are.</summary>
    private static Configuration? Newest(IEnumerable<NotedConfiguration> noted)
    {
        NotedConfiguration? newest = null;
        foreach (var known in noted)
        {
            newest = known.Index >= (newest?.Index ?? 0) ? known : newest;
        }

        return newest?.Configuration;
    }

    /// <summary>From all frames that are intact, before the damage or after it, in the order of the log.</summary>
    private static List<NotedConfiguration> ConfigurationsIn(List<OpenedSegment> live)
    {
        var noted = new List<NotedConfiguration>();
        foreach (var segment in live)
        {
            for (long sector = 0; sector < segment.Reader.Sectors; sector++)
            {
                if (segment.Reader.Classify(sector, out var stamp) != SectorKind.Written || stamp.Number != 0)
                {
                    continue;
                }

                var kind = sector == 0 ? FrameKind.Head : FrameKind.Batch;
                var frame = segment.Reader.ReadFrame(sector, kind, stamp.Batch);
                if (frame.Status == FrameStatus.Complete)
                {
                    noted.AddRange(ConfigurationsIn(frame, kind));
                    sector = frame.EndSector - 1;
                }
            }
        }

        // Of a log without any, the first one is not known yet.
        noted.RemoveAll(known => known is { IsCommitted: true, Index: 0 } && known.Configuration == Configuration.Empty);
        return noted;
    }

    private static List<NotedConfiguration> ConfigurationsIn(FrameRead frame, FrameKind kind)
    {
        if (kind == FrameKind.Batch)
        {
            return WalRecords.ConfigurationsIn(frame.Payload);
        }

        try
        {
            var snapshot = WalHead.Read(frame.Payload).Snapshot;
            return [new(snapshot.Index, snapshot.Configuration, IsCommitted: true)];
        }
        catch (FormatException)
        {
            return [];
        }
    }

    private SegmentHead? TryReadHead(OpenedSegment segment)
    {
        try
        {
            return _strict.ReadHead(segment);
        }
        catch (WalCorruptException)
        {
            return null;
        }
    }

    private static bool IsDamaged(OpenedSegment segment)
    {
        if (segment.Length % WalSector.Size != 0 || segment.Length == 0)
        {
            return true;
        }

        for (long sector = 0; sector < segment.Reader.Sectors; sector++)
        {
            if (segment.Reader.Classify(sector, out _) == SectorKind.Damaged)
            {
                return true;
            }
        }

        return false;
    }

    private WalCorruptException Refused(string wayOut) => new(damage.File, damage.Offset, damage.Expected, wayOut);

    /// <summary>The log as it grows while its intact part is read.</summary>
    private sealed class Intact(WalReplay replay, SegmentHead head)
    {
        private readonly List<WalSegment> _whole = [];
        private SegmentHead _head = head;

        public WalReplay Replay => replay;

        /// <summary>Segments before the last one read; they stay as they are.</summary>
        public IReadOnlyList<WalSegment> Whole => _whole;

        /// <summary>The first batch of the last segment read.</summary>
        public ulong FirstBatch => _head.FirstBatch;

        /// <summary>The state before it.</summary>
        public WalHead Before => _head.Content;

        public uint DigestBefore => _head.PreviousDigest;

        public ulong LastBatch { get; private set; } = head.FirstBatch - 1;

        public uint Digest { get; private set; } = head.PreviousDigest;

        public long Batches { get; private set; }

        /// <summary>The payloads of the batches of the last segment read: to be written again.</summary>
        public MemoryStream Tail { get; private set; } = new();

        public static Intact Nothing(SnapshotMeta restart, WalOptions options, ulong firstBatch)
        {
            var shape = new LogShape();
            var before = WalHead.Of(shape, options, follows: 0);
            shape.Accept(restart, replacesLog: true, restartsLog: true);
            return new(new(shape), new(before, firstBatch, PreviousDigest: 0, EndSector: 0));
        }

        public bool IsContinuedBy(uint sequence, SegmentHead next, WalOptions options) =>
            next.Content.Follows == sequence
            && next.FirstBatch == LastBatch + 1
            && next.PreviousDigest == Digest
            && next.Content == WalHead.Of(replay.Shape, options, next.Content.Follows);

        public void Next(OpenedSegment done, SegmentHead next)
        {
            _whole.Add(done.Describe(_head.Content.Follows, replay.MaxIndex));
            _head = next;
            Tail = new();
            replay.MaxIndex = 0;
        }

        public void Add(FrameRead frame)
        {
            Tail.Write(frame.Payload);
            LastBatch++;
            Batches++;
            Digest = frame.Digest;
        }
    }
}
