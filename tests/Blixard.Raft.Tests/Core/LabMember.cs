using System.Text;
using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>One member with a disk that the test can hold up, and what it applied and read.</summary>
internal sealed class LabMember(RaftOptions options, Configuration configuration)
{
    private readonly Queue<Ready> _writing = new();
    private readonly List<LogEntry> _stored = [];
    private HardState _storedHardState;
    private SnapshotMeta _storedSnapshot = new(0, 0, configuration);

    public RaftNode Node { get; private set; } =
        new(options, new(default, new(0, 0, configuration), []));

    /// <summary>Batches are written but not finished.</summary>
    public bool DiskHeld { get; set; }

    public List<string> Applied { get; } = [];

    public List<ReadState> Reads { get; } = [];

    public List<ulong> DroppedReads { get; } = [];

    public List<InstallSnapshotRequest> SnapshotsToSend { get; } = [];

    public IReadOnlyList<LogEntry> Stored => _stored;

    public ProposeResult Propose(string text) => Node.Propose(Lab.Bytes(text));

    public IReadOnlyList<Message> Drive()
    {
        var out_ = new List<Message>();
        while (Node.HasReady)
        {
            var ready = Node.TakeReady();
            out_.AddRange(ready.Messages);
            SnapshotsToSend.AddRange(ready.Messages.OfType<InstallSnapshotRequest>());
            Applied.AddRange(ready.Committed
                .Where(e => e.Kind == EntryKind.Command)
                .Select(e => Encoding.UTF8.GetString(e.Data.Span)));
            Reads.AddRange(ready.Reads);
            DroppedReads.AddRange(ready.DroppedReads);
            if (ready.Batch != 0)
            {
                _writing.Enqueue(ready);
            }

            if (!DiskHeld)
            {
                out_.AddRange(FinishWrites());
            }
        }

        return out_;
    }

    /// <summary>The disk finishes what it was given, or only so many batches of it.</summary>
    public IReadOnlyList<Message> FinishWrites(int batches = int.MaxValue)
    {
        var out_ = new List<Message>();
        while (batches-- > 0 && _writing.TryDequeue(out var ready))
        {
            if (ready.Snapshot is { } snapshot)
            {
                _storedSnapshot = snapshot;
                _stored.Clear();
            }

            _storedHardState = ready.HardState ?? _storedHardState;
            foreach (var entry in ready.Entries)
            {
                _stored.RemoveAll(e => e.Index >= entry.Index);
                _stored.Add(entry);
            }

            out_.AddRange(ready.AfterDurable);
            Node.Persisted(ready.Batch);
        }

        return out_;
    }

    /// <summary>Power is lost, and with it all stored entries but the first so many: they can't be read back.</summary>
    public void RestartDamaged(int intact)
    {
        var through = _stored.Count > 0 ? _stored[^1].Index : _storedSnapshot.Index;
        _stored.RemoveRange(intact, _stored.Count - intact);
        RestartRepairing(new(through, _storedHardState.Term));
    }

    /// <summary>Another restart of a member that was not whole yet.</summary>
    public void RestartRepairing(Repair repair)
    {
        Restart();
        Node = new(
            options,
            new(_storedHardState, _storedSnapshot, [.. _stored.Where(e => e.Index > _storedSnapshot.Index)])
            {
                Repair = repair,
            });
    }

    /// <summary>Power is lost: what the disk had not finished is gone.</summary>
    public void Restart()
    {
        _writing.Clear();
        Applied.Clear();
        Node = new(
            options,
            new(_storedHardState, _storedSnapshot, [.. _stored.Where(e => e.Index > _storedSnapshot.Index)]));
    }
}
