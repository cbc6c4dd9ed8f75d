using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Applies what is committed to this node's replica: the only caller of <see cref="ClusterState.Apply(CommittedCommand)"/>.
/// The engine calls it from one worker, in index order. An entry that can't be applied is thrown back at the engine,
/// which stops the node: a replica that skips an entry is no replica.
/// </summary>
internal sealed class ApplyLoop(AppliedState applied, ChangeFeed feed, ReplicationEvents events) : IStateMachine
{
    private ClusterState _state = ClusterState.Empty;

    public void Apply(IReadOnlyList<LogEntry> entries)
    {
        var outcomes = new List<ApplyOutcome>(entries.Count);
        var configurations = new List<ulong>();
        foreach (var entry in entries)
        {
            Apply(entry, outcomes, configurations);
        }

        // The state first: whoever learns that something was applied, by any way, must find it there.
        applied.Publish(_state);
        foreach (var outcome in outcomes)
        {
            feed.Publish(outcome.Changes);
            events.OnApplied(outcome);
        }

        configurations.ForEach(events.OnMembershipChanged);
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

    private void Apply(LogEntry entry, List<ApplyOutcome> outcomes, List<ulong> configurations)
    {
        if (entry.Index != _state.Index + 1)
        {
            throw new ApplyFailedException(entry.Index, $"the state is of index {_state.Index}, entries have no gaps.");
        }

        switch (entry.Kind)
        {
            case EntryKind.Command:
                var outcome = Apply(entry);
                _state = outcome.State;
                outcomes.Add(outcome);
                break;
            case EntryKind.Noop:
                _state = _state.Skip(entry.Index, entry.Term);
                break;
            case EntryKind.Configuration:
                _state = _state.Skip(entry.Index, entry.Term);
                configurations.Add(entry.Index);
                break;
            default:
                throw new ApplyFailedException(entry.Index, $"its kind {(int)entry.Kind} is not known.");
        }
    }

    private ApplyOutcome Apply(LogEntry entry)
    {
        try
        {
            return _state.Apply(new CommittedCommand(entry.Index, entry.Term, entry.Data));
        }
        catch (Exception e) when (e is not UndecodableCommandException)
        {
            // Apply never throws for what a command says: this is a bug, and the index is where to look for it.
            throw new ApplyFailedException(entry.Index, e.Message, e);
        }
    }
}
