using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// The sessions while a run of entries is applied: those that are used are taken apart once, and put together again by
/// <see cref="Freeze"/>, however many commands they carry.
/// </summary>
internal sealed class SessionDraft(SessionTable table)
{
    private readonly SortedList<ulong, Used> _used = [];
    private SessionTable _table = table;

    /// <summary>
    /// Null: the command is new, apply it and <see cref="Record"/> the result. Else what to answer without applying it:
    /// the stored result of the first time (then <paramref name="duplicate"/>), or why it can't be told whether there
    /// was a first time.
    /// </summary>
    public CommandResult? Answer(Command command, ClusterSettings settings, out bool duplicate)
    {
        duplicate = false;
        if (command.ClientId == 0)
        {
            return null;
        }

        if (Find(command.ClientId) is not { } session)
        {
            return new Rejected(
                RejectionReason.SessionExpired,
                $"session {command.ClientId} is not open: it was forgotten, or never was");
        }

        if (command.Sequence < session.AcknowledgedBelow)
        {
            return new Rejected(
                RejectionReason.AlreadyAcknowledged,
                $"session {command.ClientId} acknowledged everything below {session.AcknowledgedBelow}, "
                    + $"{command.Sequence} too");
        }

        if (session.Results.TryGetValue(command.Sequence, out var result))
        {
            duplicate = true;
            return result;
        }

        if (session.Closed)
        {
            return new Rejected(
                RejectionReason.SessionExpired,
                $"session {command.ClientId} is closed, and {command.Sequence} was not applied in it");
        }

        return session.IsFull(command.AcknowledgedBelow, settings)
            ? new Rejected(
                RejectionReason.SessionFull,
                $"session {command.ClientId} holds {settings.MaxSessionResults} results that were not acknowledged")
            : null;
    }

    /// <summary>Keeps the result of a new command; nothing if it has no session, or has just ended it.</summary>
    public void Record(Command command, ulong index, long logTime, CommandResult result)
    {
        if (command.ClientId != 0 && Find(command.ClientId) is { } session)
        {
            session.Record(command, index, logTime, result);
        }
    }

    /// <summary>As a value, to be read and kept; what is recorded afterwards does not change it.</summary>
    public SessionTable Freeze()
    {
        ImmutableSortedDictionary<ulong, Session>.Builder? all = null;
        var hash = _table.Hash;
        foreach (var used in _used.Values)
        {
            if (used.IsChanged)
            {
                all ??= _table.All.ToBuilder();
                all[used.Id] = used.Freeze(ref hash);
            }
        }

        if (all is not null)
        {
            _table = _table with { All = all.ToImmutable(), Hash = hash };
        }

        return _table;
    }

    /// <summary>Other sessions, made of the frozen ones.</summary>
    public void Replace(SessionTable table)
    {
        _table = table;
        _used.Clear();
    }

    private Used? Find(ulong id)
    {
        if (!_used.TryGetValue(id, out var used) && _table.All.TryGetValue(id, out var session))
        {
            used = new Used(session);
            _used.Add(id, used);
        }

        return used;
    }

    /// <summary>One session, taken apart.</summary>
    private sealed class Used(Session session)
    {
        private Session _session = session;
        private ulong _lastUsed;
        private long _lastUsedAt;

        // What its results add to the hash, less what they did when it was last frozen.
        private ulong _resultsHash;

        public ulong Id => _session.Id;

        public bool Closed => _session.Closed;

        public bool IsChanged { get; private set; }

        public ulong AcknowledgedBelow { get; private set; } = session.AcknowledgedBelow;

        public ImmutableSortedDictionary<ulong, CommandResult>.Builder Results { get; } = session.Results.ToBuilder();

        public void Record(Command command, ulong index, long logTime, CommandResult result)
        {
            if (command.AcknowledgedBelow > AcknowledgedBelow)
            {
                Forget(command.AcknowledgedBelow);
                AcknowledgedBelow = command.AcknowledgedBelow;
            }

            Results.Add(command.Sequence, result);
            _resultsHash += StateHash.Of(Id, command.Sequence, result);
            (_lastUsed, _lastUsedAt, IsChanged) = (index, logTime, true);
        }

        /// <param name="hash">The table's; becomes that of the table with the session as it is now.</param>
        public Session Freeze(ref ulong hash)
        {
            hash -= StateHash.Of(_session);
            _session = _session with
            {
                LastUsed = _lastUsed,
                LastUsedAt = _lastUsedAt,
                AcknowledgedBelow = AcknowledgedBelow,
                Results = Results.ToImmutable(),
            };
            hash += StateHash.Of(_session) + _resultsHash;
            (_resultsHash, IsChanged) = (0, false);
            return _session;
        }

        public bool IsFull(ulong acknowledgedBelow, ClusterSettings settings)
        {
            if (Results.Count < settings.MaxSessionResults)
            {
                return false;
            }

            // The command itself may acknowledge enough to make room.
            var kept = 0;
            foreach (var (sequence, _) in Results)
            {
                kept += sequence >= acknowledgedBelow ? 1 : 0;
            }

            return kept >= settings.MaxSessionResults;
        }

        private void Forget(ulong acknowledgedBelow)
        {
            while (Lowest() is { } sequence && sequence < acknowledgedBelow)
            {
                _resultsHash -= StateHash.Of(Id, sequence, Results[sequence]);
                Results.Remove(sequence);
            }
        }

        private ulong? Lowest()
        {
            foreach (var (sequence, _) in Results)
            {
                return sequence;
            }

            return null;
        }
    }
}
