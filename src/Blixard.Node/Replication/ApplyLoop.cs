using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Applies what is committed to this node's replica: the only caller of <see cref="StateDraft.Apply(CommittedCommand)"/>.
/// The engine calls it from one worker, in index order. An entry that can't be applied is thrown back at the engine,
/// which stops the node: a replica that skips an entry is no replica.
/// </summary>
internal sealed class ApplyLoop(AppliedState applied, ChangeFeed feed, ReplicationEvents events) : IStateMachine
{
    // After a start the whole log may come at once: what it came to is not held for all of it.
    private const int MaxRun = 1024;

    private ClusterState _state = ClusterState.Empty;

    public void Apply(IReadOnlyList<LogEntry> entries)
    {
        for (var from = 0; from < entries.Count; from += MaxRun)
        {
            ApplyRun(entries, from, Math.Min(entries.Count, from + MaxRun));
        }
    }

    public ulong? Digest => _state.Hash;

    public Action<Stream> CaptureSnapshot()
    {
        var state = _state;
        return stream => Snapshots.Write(state, stream);
    }

    public void Restore(SnapshotMeta meta, Stream snapshot)
    {
        var state = Snapshots.Read(snapshot);
        if (state.Index != meta.Index)
        {
            throw new ApplyFailedException(meta.Index, $"the snapshot holds the state of index {state.Index}.");
        }

        _state = state;
        applied.Publish(state);
        feed.Reset(state.Index);
        events.OnRestored(state);
    }

    private void ApplyRun(IReadOnlyList<LogEntry> entries, int from, int to)
    {
        var draft = new StateDraft(_state);
        List<ulong>? configurations = null;
        for (var i = from; i < to; i++)
        {
            var entry = entries[i];
            Apply(entry, draft);
            if (entry.Kind == EntryKind.Configuration)
            {
                (configurations ??= []).Add(entry.Index);
            }
        }

        // The state first: whoever learns that something was applied, by any way, must find it there.
        var run = draft.Finish();
        _state = run.State;
        applied.Publish(_state);
        feed.Publish(run.Outcomes);
        foreach (var outcome in run.Outcomes)
        {
            events.OnApplied(outcome);
        }

        configurations?.ForEach(events.OnMembershipChanged);
    }

    private static void Apply(LogEntry entry, StateDraft draft)
    {
        if (entry.Index != draft.Index + 1)
        {
            throw new ApplyFailedException(entry.Index, $"the state is of index {draft.Index}, entries have no gaps.");
        }

        switch (entry.Kind)
        {
            case EntryKind.Command:
                ApplyCommand(entry, draft);
                break;
            case EntryKind.Noop or EntryKind.Configuration:
                draft.Skip(entry.Index, entry.Term);
                break;
            default:
                throw new ApplyFailedException(entry.Index, $"its kind {(int)entry.Kind} is not known.");
        }
    }

    private static void ApplyCommand(LogEntry entry, StateDraft draft)
    {
        try
        {
            draft.Apply(new CommittedCommand(entry.Index, entry.Term, entry.Data));
        }
        catch (Exception e) when (e is not UndecodableCommandException)
        {
            // Apply never throws for what a command says: this is a bug, and the index is where to look for it.
            throw new ApplyFailedException(entry.Index, e.Message, e);
        }
    }
}
