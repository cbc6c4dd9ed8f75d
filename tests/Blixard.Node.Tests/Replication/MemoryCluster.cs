using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Replication;

/// <summary>
/// Consensus in memory: one log that all members share, committed as it is appended unless the test holds it. Members
/// apply it when they are connected, each to its own replica. The test says who leads, who is cut off and what is lost.
/// </summary>
internal sealed class MemoryCluster : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<LogEntry> _log = [];
    private readonly List<LogEntry> _held = [];
    private MemoryMember? _leader;
    private ulong _term;

    public MemoryCluster(TimeProvider time, params string[] names) =>
        Members = [.. names.Select((name, i) => new MemoryMember(this, name, new MemberId((ulong)i + 1), time))];

    public MemoryMember[] Members { get; }

    public MemoryMember this[string name] => Members.Single(member => member.Name == name);

    /// <summary>Appended, but not committed, until <see cref="Release"/>.</summary>
    public bool Hold { get; set; }

    public int Held
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    public IReadOnlyList<LogEntry> Log
    {
        get
        {
            lock (_gate)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>A new term; what was held is lost with the leader that held it.</summary>
    public void Elect(string name)
    {
        lock (_gate)
        {
            _held.Clear();
            _term++;
            _leader = this[name];
            Append(EntryKind.Noop, default);
        }

        Tell();
    }

    public void LoseLeader()
    {
        lock (_gate)
        {
            _leader = null;
        }

        Tell();
    }

    public void Release()
    {
        lock (_gate)
        {
            foreach (var entry in _held)
            {
                Append(entry.Kind, entry.Data);
            }

            _held.Clear();
        }
    }

    public void Dispose() => Array.ForEach(Members, member => member.Dispose());

    internal ProposeResult Propose(MemoryMember by, ReadOnlyMemory<byte> data, ulong? onlyInTerm)
    {
        lock (_gate)
        {
            if (_leader is null || by.IsCut || (onlyInTerm is { } term && (_leader != by || _term != term)))
            {
                return new(ProposeStatus.NoLeader, 0, 0);
            }

            if (by.IsOverloaded)
            {
                return new(ProposeStatus.Overloaded, 0, 0);
            }

            if (_leader == by || !by.LosesForwards)
            {
                Append(EntryKind.Command, data);
            }

            return _leader == by
                ? new(ProposeStatus.Appended, (ulong)_log.Count, _term)
                : new(ProposeStatus.Forwarded, 0, 0);
        }
    }

    internal ulong? ReadIndex(MemoryMember by)
    {
        lock (_gate)
        {
            return _leader is null || by.IsCut ? null : (ulong)_log.Count;
        }
    }

    internal RaftStatus StatusOf(MemoryMember member)
    {
        lock (_gate)
        {
            var leads = _leader == member && !member.IsCut;
            return new(
                member.Id,
                leads ? RaftRole.Leader : RaftRole.Follower,
                member.IsCut ? MemberId.None : _leader?.Id ?? MemberId.None,
                _term,
                (ulong)_log.Count,
                member.Replica.State.Index,
                (ulong)_log.Count,
                1,
                (ulong)_log.Count,
                0,
                Configuration.Of(Members.Select(each => each.Id)),
                leads,
                leads ? [.. Members.Where(other => other != member).Select(other => other.SeenByLeader)] : []);
        }
    }

    internal void CatchUp(MemoryMember member)
    {
        lock (_gate)
        {
            if (!member.IsCut)
            {
                member.Apply(_log);
            }
        }
    }

    private void Append(EntryKind kind, ReadOnlyMemory<byte> data)
    {
        if (Hold && kind == EntryKind.Command)
        {
            _held.Add(new(0, _term, kind, data));
            return;
        }

        _log.Add(new((ulong)_log.Count + 1, _term, kind, data));
        Array.ForEach(Members, CatchUp);
    }

    private void Tell() => Array.ForEach(Members, member => member.Events.OnLeaderChanged(member.Status));
}
