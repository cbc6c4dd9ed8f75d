using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// What makes a command apply once however often it is proposed (Raft thesis, section 6.3). Part of the replicated
/// state and of its snapshots. Immutable.
/// </summary>
public sealed record SessionTable
{
    public static SessionTable Empty { get; } = new();

    /// <summary>By id.</summary>
    public ImmutableSortedDictionary<ulong, Session> All { get; internal init; } =
        ImmutableSortedDictionary<ulong, Session>.Empty;

    /// <summary>This table's share of <see cref="ClusterState.Hash"/>.</summary>
    internal ulong Hash { get; init; }

    /// <summary>
    /// Null: the command is new, apply it and <see cref="Record"/> the result. Else what to answer without applying it:
    /// the stored result of the first time (then <paramref name="duplicate"/>), or why it can't be told whether there
    /// was a first time.
    /// </summary>
    internal CommandResult? Answer(Command command, ClusterSettings settings, out bool duplicate)
    {
        duplicate = false;
        if (command.ClientId == 0)
        {
            return null;
        }

        if (!All.TryGetValue(command.ClientId, out var session))
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

        return IsFull(session, command.AcknowledgedBelow, settings)
            ? new Rejected(
                RejectionReason.SessionFull,
                $"session {command.ClientId} holds {settings.MaxSessionResults} results that were not acknowledged")
            : null;
    }

    internal SessionTable Record(Command command, ulong index, long logTime, CommandResult result)
    {
        if (command.ClientId == 0 || !All.TryGetValue(command.ClientId, out var session))
        {
            return this;
        }

        var hash = Hash - StateHash.Of(session);
        var results = session.Results.ToBuilder();
        foreach (var (sequence, acknowledged) in session.Results)
        {
            if (sequence >= command.AcknowledgedBelow)
            {
                break;
            }

            results.Remove(sequence);
            hash -= StateHash.Of(session.Id, sequence, acknowledged);
        }

        results.Add(command.Sequence, result);
        session = session with
        {
            LastUsed = index,
            LastUsedAt = logTime,
            AcknowledgedBelow = Math.Max(session.AcknowledgedBelow, command.AcknowledgedBelow),
            Results = results.ToImmutable(),
        };
        hash += StateHash.Of(session) + StateHash.Of(session.Id, command.Sequence, result);
        return this with { All = All.SetItem(session.Id, session), Hash = hash };
    }

    /// <summary>
    /// Opens the session of id <paramref name="index"/>, forgetting the longest unused one if need be.
    /// </summary>
    internal SessionTable Open(ulong index, long logTime, ulong nonce, string actor, ClusterSettings settings)
    {
        var table = this;
        while (table.All.Count >= settings.MaxSessions)
        {
            table = table.ForgetLeastRecentlyUsed();
        }

        var session = new Session
        {
            Id = index,
            Nonce = nonce,
            Actor = actor,
            LastUsed = index,
            LastUsedAt = logTime,
        };
        return table with { All = table.All.Add(index, session), Hash = table.Hash + StateHash.Of(session) };
    }

    /// <summary>Nothing new is applied in that session any more, if it is there.</summary>
    internal SessionTable Close(ulong id)
    {
        if (!All.TryGetValue(id, out var session) || session.Closed)
        {
            return this;
        }

        var closed = session with { Closed = true };
        return this with
        {
            All = All.SetItem(id, closed),
            Hash = Hash + StateHash.Of(closed) - StateHash.Of(session),
        };
    }

    /// <summary>Without the sessions that were last used before that log time.</summary>
    internal SessionTable Forget(long unusedSince)
    {
        var table = this;
        foreach (var session in All.Values)
        {
            table = session.LastUsedAt < unusedSince ? table.Without(session) : table;
        }

        return table;
    }

    private SessionTable ForgetLeastRecentlyUsed()
    {
        Session? oldest = null;
        foreach (var session in All.Values)
        {
            oldest = oldest is null || session.LastUsed < oldest.LastUsed ? session : oldest;
        }

        return Without(oldest!);
    }

    private SessionTable Without(Session session)
    {
        var hash = Hash - StateHash.Of(session);
        foreach (var (sequence, result) in session.Results)
        {
            hash -= StateHash.Of(session.Id, sequence, result);
        }

        return this with { All = All.Remove(session.Id), Hash = hash };
    }

    private static bool IsFull(Session session, ulong acknowledgedBelow, ClusterSettings settings)
    {
        if (session.Results.Count < settings.MaxSessionResults)
        {
            return false;
        }

        // The command itself may acknowledge enough to make room.
        var kept = 0;
        foreach (var sequence in session.Results.Keys)
        {
            kept += sequence >= acknowledgedBelow ? 1 : 0;
        }

        return kept >= settings.MaxSessionResults;
    }
}
