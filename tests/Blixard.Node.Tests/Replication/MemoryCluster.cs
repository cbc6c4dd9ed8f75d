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

    public MemoryCluster(TimeProvider time, params string[] names)
    {
        Members = [.. names.Select((name, i) => new MemoryMember(this, name, new MemberId((ulong)i + 1), time))];
        Configuration = Configuration.Of(Members.Select(member => member.Id));
    }

    public MemoryMember[] Members { get; }

    /// <summary>In force on all members.</summary>
    public Configuration Configuration { get; set; }

    /// <summary>What the engine says to a change, if it does not make it.</summary>
    public Func<Configuration, ChangeResult?> RefusesChange { get; set; } = _ => null;

    /// <summary>A change loses its leader right after it is committed: what is to be said about it, the next says.</summary>
    public string? ElectAfterChange { get; set; }

    /// <summary>Every configuration that was made, in order.</summary>
    public List<Configuration> Changes { get; } = [];

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

    internal MembershipResult Change(MemoryMember by, Configuration target, ulong term)
    {
        lock (_gate)
        {
            if (_leader != by || _term != term)
            {
                return new(
                    MembershipOutcome.Refused, new(ChangeStatus.NoLeader, 0, MemberId.None, "this member does not lead"));
            }

            if (RefusesChange(target) is { } refused)
            {
                return new(MembershipOutcome.Refused, refused);
            }

            Configuration = target;
            Changes.Add(target);
            Append(EntryKind.Configuration, ConfigurationCodec.Encode(target));
        }

        if (ElectAfterChange is { } next)
        {
            ElectAfterChange = null;
            Elect(next);
            return new(
                MembershipOutcome.Unknown, new(ChangeStatus.Appended, (ulong)Log.Count, MemberId.None, null));
        }

        return new(MembershipOutcome.Committed, new(ChangeStatus.Appended, (ulong)Log.Count, MemberId.None, null));
    }

    internal LeadershipTransfer Transfer(MemoryMember by, MemberId? target)
    {
        var to = target ?? Members.First(member => member != by).Id;
        if (!Configuration.IsVoter(to))
        {
            return new(TransferOutcome.Refused, new(TransferStatus.NotVoter, to), by.Id);
        }

        Elect(Members.Single(member => member.Id == to).Name);
        return new(TransferOutcome.Moved, new(TransferStatus.Started, to), to);
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
                Configuration,
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
