using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>
/// Figure 3 of the paper and what follows from it, checked after every step, each time only for what is new.
/// </summary>
internal sealed class Invariants
{
    private readonly SimWorld _world;
    private readonly LogHistory _history;
    private readonly Dictionary<ulong, MemberId> _leaders = [];

    // What any member ever held to be committed, from index 1, with the leader's term at that moment.
    private readonly List<Committed> _committed = [new(new(0, 0, EntryKind.Noop, default), 0)];

    // The state machine's hash after each index, from index 0.
    private readonly List<ulong> _states = [0];

    public Invariants(SimWorld world)
    {
        _world = world;
        _history = new(this);
        Configurations = new(this, world.FirstConfiguration);
    }

    public ulong CommittedIndex => (ulong)_committed.Count - 1;

    public int Elections => _leaders.Count;

    public ConfigurationChecks Configurations { get; }

    public ulong CommittedTerm(ulong index) => _committed[(int)index].Entry.Term;

    public void Require([DoesNotReturnIf(false)] bool holds, string invariant, [InterpolatedStringHandlerArgument(nameof(holds))] FailureText detail)
    {
        if (!holds)
        {
            throw new InvariantBroken(invariant, detail.ToString());
        }
    }

    public void Started(SimMember member)
    {
        var (node, seen) = (member.Node!, member.Observed);
        Require(
            node.Term == member.Disk.Stable.HardState.Term && node.Vote == member.Disk.Stable.HardState.Vote,
            "RestoredVote",
            $"m{member.Id.Value} started with term {node.Term} and vote {node.Vote.Value}");
        seen.Term = node.Term;
        seen.Commit = node.Commit;
        seen.Applied = member.Machine.Applied;
        seen.Durable = 0;
        seen.Role = node.Role;
        seen.Configuration = node.Configuration;
        (seen.WalkedFrom, seen.Found) = (null, null);
    }

    /// <summary>The only member that changed since the last step is this one.</summary>
    public void AfterStep(SimMember member)
    {
        var (node, seen) = (member.Node!, member.Observed);
        var applied = member.Machine.Applied;
        Require(node.Term >= seen.Term, "TermGrows", $"m{member.Id.Value}: term {node.Term} after {seen.Term}");
        Require(node.Commit >= seen.Commit, "CommitGrows", $"m{member.Id.Value}: commit {node.Commit} after {seen.Commit}");
        Require(applied >= seen.Applied, "AppliedGrows", $"m{member.Id.Value}: applied {applied} after {seen.Applied}");
        Require(
            applied <= node.Commit && node.Commit <= node.LastIndex && node.FirstIndex <= node.LastIndex + 1,
            "CursorOrder",
            $"m{member.Id.Value}: applied {applied}, commit {node.Commit}, log {node.FirstIndex}..{node.LastIndex}");
        if (node.Role == RaftRole.Leader && (seen.Role != RaftRole.Leader || seen.Term != node.Term))
        {
            Elected(member);
        }

        for (var index = seen.Commit + 1; index <= node.Commit; index++)
        {
            Commit(member, index);
        }

        if (node.Commit > seen.Commit)
        {
            Configurations.CommitMoved(member);
        }

        if (node.DurableIndex != seen.Durable)
        {
            _world.Durability.Claimed(member);
        }

        seen.Term = node.Term;
        seen.Commit = node.Commit;
        seen.Applied = applied;
        seen.Durable = node.DurableIndex;
        seen.Role = node.Role;
        seen.Configuration = node.Configuration;
    }

    public void ReadyTaken(SimMember member, Ready ready, ulong lastBatch)
    {
        Require(
            ready.Batch == 0
                ? !ready.MustPersist && ready.AfterDurable.Count == 0
                : ready.Batch == lastBatch + 1,
            "ReadyContract",
            $"m{member.Id.Value}: batch {ready.Batch} after {lastBatch}");
        var previousTerm = ready.Entries.Count == 0 ? null : member.Node!.TermAt(ready.Entries[0].Index - 1);
        foreach (var entry in ready.Entries)
        {
            _history.Seen(entry, previousTerm);
            previousTerm = entry.Term;
        }

        Configurations.Appended(member, ready.Entries);
    }

    /// <summary>State Machine Safety: the entry at an index, and the state after it, are the same everywhere.</summary>
    public void Applied(SimMember member, LogEntry entry)
    {
        var index = entry.Index;
        Require(
            index == member.Machine.Applied && (index <= member.Node!.Commit),
            "AppliedInOrder",
            $"m{member.Id.Value} applied {index}; commit is {member.Node!.Commit}");
        SameState(member, index);
    }

    public void Restored(SimMember member, SnapshotMeta snapshot)
    {
        Require(
            snapshot.Index <= CommittedIndex && CommittedTerm(snapshot.Index) == snapshot.Term,
            "SnapshotIsCommitted",
            $"m{member.Id.Value} restored {snapshot.Index}/{snapshot.Term}");
        Require(
            Configurations.IsAsCommitted(snapshot.Configuration, snapshot.Index),
            "SnapshotConfiguration",
            $"m{member.Id.Value} restored {snapshot.Index} with ({snapshot.Configuration}), not ({Configurations.At(snapshot.Index)})");
        SameState(member, snapshot.Index);
    }

    private void SameState(SimMember member, ulong index)
    {
        if (index == (ulong)_states.Count)
        {
            _states.Add(member.Machine.Hash);
            return;
        }

        Require(
            index < (ulong)_states.Count && _states[(int)index] == member.Machine.Hash,
            "StateMachineSafety",
            $"m{member.Id.Value} has another state at {index}");
    }

    private void Elected(SimMember member)
    {
        var node = member.Node!;
        _world.Trace.Add(_world, member.Number, "leads in term", node.Term);
        if (!_leaders.TryAdd(node.Term, member.Id))
        {
            Require(
                _leaders[node.Term] == member.Id,
                "ElectionSafety",
                $"m{member.Id.Value} and m{_leaders[node.Term].Value} both lead in term {node.Term}");
        }

        _world.Durability.Elected(member);
        _world.Nemesis.Elected(member);

        // Leader Completeness. With Log Matching, having the last one means having all before it.
        for (var index = CommittedIndex; index > 0; index--)
        {
            if (_committed[(int)index].InTerm < node.Term)
            {
                Require(
                    index < node.FirstIndex || node.TermAt(index) == CommittedTerm(index),
                    "LeaderCompleteness",
                    $"m{member.Id.Value} leads in term {node.Term} without {index}/{CommittedTerm(index)}, committed in term {_committed[(int)index].InTerm}");
                break;
            }
        }
    }

    private void Commit(SimMember member, ulong index)
    {
        var node = member.Node!;
        if (index < node.FirstIndex)
        {
            // Came with a snapshot; Restored looks at that.
            return;
        }

        var entry = node.EntryAt(index);
        if (index <= CommittedIndex)
        {
            var known = _committed[(int)index].Entry;
            Require(
                known.Term == entry.Term && known.Data.Span.SequenceEqual(entry.Data.Span),
                "CommittedNeverChanges",
                $"m{member.Id.Value} commits {index}/{entry.Term}, where {index}/{known.Term} was committed");
            return;
        }

        _committed.Add(new(entry, node.Term));
        Configurations.EntryCommitted(entry);
        if (index == node.Commit)
        {
            _world.Durability.Committed(member, index, entry.Term);
        }
    }

    private readonly record struct Committed(LogEntry Entry, ulong InTerm);
}
