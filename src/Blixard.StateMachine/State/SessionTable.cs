using System.Collections.Immutable;

namespace Blixard.StateMachine.State;

/// <summary>
/// What makes a command apply once however often it is proposed (Raft thesis, section 6.3). Part of the replicated
/// state and of its snapshots. Immutable; what a command does to it is in <see cref="SessionDraft"/>.
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
}
