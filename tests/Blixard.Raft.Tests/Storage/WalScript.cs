using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>
/// A member's life with its log, drawn from a seed: appends, suffixes replaced, new terms and votes, own snapshots and
/// compaction, snapshots from a leader. Knows what must be found after a crash.
/// </summary>
internal sealed class WalScript(int seed)
{
    public const string Directory = "wal";

    public static WalOptions Options { get; } = new()
    {
        ClusterId = 0xC1,
        Member = new(7),
        SegmentBytes = 8 << 10,
        FirstSegmentBytes = 4 << 10,
        PrepareAhead = false,
    };

    private readonly Random _random = new(seed);

    /// <summary>All that was synced.</summary>
    public ModelLog Durable { get; private set; } = new();

    /// <summary>The same, and what the sync that did not return was to make durable.</summary>
    public ModelLog Attempted { get; private set; } = new();

    /// <summary>What was durable after each sync, oldest first.</summary>
    public List<ModelLog> History { get; } = [new()];

    public Random Random => _random;

    public void Run(WriteAheadLog log, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step(log);
        }
    }

    /// <summary>The same expectations, checked independently.</summary>
    public WalScript Fork() => new(seed) { Durable = Durable.Copy(), Attempted = Attempted.Copy() };

    /// <summary>Goes on from what a crash left, which must be one of the two.</summary>
    public void Recovered(RestoredState restored)
    {
        var lost = Durable.Differs(restored);
        var kept = Attempted.Differs(restored);
        Assert.True(lost is null || kept is null, $"seed {seed}: without the last batch: {lost}; with it: {kept}");
        Durable = lost is null ? Durable : Attempted;
        Attempted = Durable.Copy();
        History.Add(Durable.Copy());
    }

    private void Step(WriteAheadLog log)
    {
        var batches = _random.Next(1, 4);
        for (var i = 0; i < batches; i++)
        {
            var batch = Draw();
            Attempted.Append(batch);
            log.Append(batch);
        }

        log.Sync();
        Durable = Attempted.Copy();
        History.Add(Durable.Copy());
        if (_random.Next(4) == 0)
        {
            log.MarkDurable();
        }

        if (_random.Next(4) == 0 && Durable.Snapshot.Index > 0)
        {
            log.Compact(Durable.Snapshot.Index - (ulong)_random.Next(0, (int)Math.Min(5, Durable.Snapshot.Index)));
        }
    }

    private WalBatch Draw()
    {
        var kind = _random.Next(20);
        if (kind == 0)
        {
            var index = Attempted.LastIndex + (ulong)_random.Next(1, 50);
            return new()
            {
                HardState = NextTerm(Attempted.LastTerm + 1),
                Snapshot = Meta(index, Attempted.LastTerm + 1),
                ReplacesLog = true,
            };
        }

        if (kind <= 3 && Attempted.LastIndex > Attempted.Snapshot.Index)
        {
            var index = (ulong)_random.NextInt64((long)Attempted.Snapshot.Index + 1, (long)Attempted.LastIndex + 1);
            return new() { Snapshot = Meta(index, Attempted.TermAt(index)!.Value) };
        }

        if (kind <= 6 && Attempted.LastIndex > Attempted.Snapshot.Index)
        {
            var from = (ulong)_random.NextInt64((long)Attempted.Snapshot.Index + 1, (long)Attempted.LastIndex + 1);
            var term = Attempted.LastTerm + 1;
            return new() { HardState = NextTerm(term), Entries = Entries(from, term) };
        }

        return kind <= 8
            ? new() { HardState = NextTerm(Attempted.HardState.Term + 1) }
            : new() { Entries = Entries(Attempted.LastIndex + 1, Math.Max(1, Attempted.LastTerm)) };
    }

    private HardState NextTerm(ulong atLeast) =>
        new(Math.Max(atLeast, Attempted.HardState.Term + 1), new((ulong)_random.Next(0, 4)));

    private static SnapshotMeta Meta(ulong index, ulong term) =>
        new(index, term, Configuration.Of(new(1), new(2), new(7)));

    private LogEntry[] Entries(ulong first, ulong term) =>
        [.. Enumerable.Range(0, _random.Next(1, 6)).Select(i =>
        {
            var data = new byte[_random.Next(10) == 0 ? _random.Next(3000) : _random.Next(300)];
            _random.NextBytes(data);
            return new LogEntry(first + (ulong)i, term, EntryKind.Command, data);
        })];
}
