using System.Threading.Channels;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// Gives committed entries to the state machine, in order and away from the loop, and starts a snapshot when enough
/// has been applied since the last.
/// </summary>
internal sealed partial class ApplyWorker(
    RaftHostOptions options,
    IStateMachine stateMachine,
    SnapshotStore snapshots,
    Action<HostEvent> post,
    SnapshotMeta restored,
    ILogger logger)
{
    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new() { SingleReader = true });
    private ulong _applied = restored.Index;
    private ulong _appliedTerm = restored.Term;
    private Configuration _configuration = restored.Configuration;
    private Task _saving = Task.CompletedTask;
    private long _entriesSince;
    private long _bytesSince;

    /// <summary>Highest index applied; any thread may read it.</summary>
    public ulong Applied => Volatile.Read(ref _applied);

    public void Enqueue(SnapshotMeta? snapshot, IReadOnlyList<LogEntry> committed)
    {
        if (snapshot is not null || committed.Count > 0)
        {
            _work.Writer.TryWrite(new(snapshot, committed, TakeSnapshot: false, Noted: 0));
        }
    }

    /// <summary>
    /// The log has noted a leader's snapshot of that index, on stable storage: those before it are not needed for it.
    /// </summary>
    public void Prune(ulong index) => _work.Writer.TryWrite(new(null, [], TakeSnapshot: false, index));

    /// <summary>Takes a snapshot of what is applied by now, however little that is.</summary>
    public void TakeSnapshot() => _work.Writer.TryWrite(new(null, [], TakeSnapshot: true, Noted: 0));

    public void Complete() => _work.Writer.TryComplete();

    /// <summary>Runs until <see cref="Complete"/>; throws what the state machine or the disk throws.</summary>
    public async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            if (work.Snapshot is { } received)
            {
                Restore(received);
            }

            if (work.Committed.Count > 0)
            {
                Apply(work.Committed);
            }

            if (work.Noted > 0)
            {
                snapshots.Prune(work.Noted);
            }

            if (_saving.IsCompleted && _applied > 0 && (work.TakeSnapshot || IsDue))
            {
                Save();
            }
        }

        await _saving;
    }

    private void Restore(SnapshotMeta received)
    {
        using var stored = snapshots.OpenForSending(received.Index)
            ?? throw new InvalidOperationException($"the snapshot at {received.Index} that was just stored is gone");
        stateMachine.Restore(stored.Meta, stored.Content);
        _configuration = stored.Meta.Configuration;
        _appliedTerm = stored.Meta.Term;
        (_entriesSince, _bytesSince) = (0, 0);
        Volatile.Write(ref _applied, stored.Meta.Index);
    }

    private void Apply(IReadOnlyList<LogEntry> entries)
    {
        // A newer snapshot than the one announced may have been restored.
        var skip = 0;
        while (skip < entries.Count && entries[skip].Index <= _applied)
        {
            skip++;
        }

        if (skip > 0)
        {
            entries = [.. entries.Skip(skip)];
        }

        if (entries.Count == 0)
        {
            return;
        }

        foreach (var part in BetweenDigests(entries))
        {
            stateMachine.Apply(part);
            if (part[^1].Index % StateDigests.Interval == 0 && stateMachine.Digest is { } digest)
            {
                post(new StateDigested(part[^1].Index, part[^1].Term, digest));
            }
        }

        _appliedTerm = entries[^1].Term;
        Volatile.Write(ref _applied, entries[^1].Index);
        _entriesSince += entries.Count;
        foreach (var entry in entries)
        {
            _bytesSince += entry.Size;
            if (entry.Kind == EntryKind.Configuration)
            {
                _configuration = ConfigurationCodec.Decode(entry.Data.Span);
            }
        }
    }

    /// <summary>Parts that end where a digest is taken; mostly one.</summary>
    private static IEnumerable<IReadOnlyList<LogEntry>> BetweenDigests(IReadOnlyList<LogEntry> entries)
    {
        var start = 0;
        for (var end = start; end < entries.Count - 1; end++)
        {
            if (entries[end].Index % StateDigests.Interval == 0)
            {
                yield return [.. entries.Skip(start).Take(end + 1 - start)];
                start = end + 1;
            }
        }

        yield return start == 0 ? entries : [.. entries.Skip(start)];
    }

    private bool IsDue => _entriesSince >= options.SnapshotEntries || _bytesSince >= options.SnapshotBytes;

    private void Save()
    {
        (_entriesSince, _bytesSince) = (0, 0);
        var meta = new SnapshotMeta(_applied, _appliedTerm, _configuration);
        var write = stateMachine.CaptureSnapshot();
        _saving = Task.Run(() =>
        {
            try
            {
                snapshots.Save(meta, write);
                post(new SnapshotSaved(meta));
            }
            catch (NoSpaceException e)
            {
                // The log stays as long as it is, and the next one that is due may find space.
                LogNoSpace(meta.Index, e.Message);
            }
            catch (Exception e)
            {
                // At once, as a failed write does, and not only when the next entry is applied.
                post(new MemberFailed(
                    e is IOException io
                        ? new StorageFailedException($"storing snapshot {meta.Index} failed: {io.Message}", io)
                        : e));
            }
        });
    }

    [LoggerMessage(LogLevel.Error, "No snapshot could be taken at index {Index}: {Reason}")]
    private partial void LogNoSpace(ulong index, string reason);

    private readonly record struct Work(SnapshotMeta? Snapshot, IReadOnlyList<LogEntry> Committed, bool TakeSnapshot, ulong Noted);
}
