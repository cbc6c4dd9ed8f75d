namespace Blixard.Raft.Core;

public enum ProgressState
{
    /// <summary>Where the logs agree is not known: one request at a time.</summary>
    Probe,

    /// <summary>Requests follow each other without waiting.</summary>
    Replicate,

    /// <summary>Entries it needs are gone; a snapshot is on its way.</summary>
    Snapshot,
}

/// <summary>
/// What the leader knows of one other member (nextIndex and matchIndex of Figure 2, and flow control).
/// </summary>
public sealed class PeerProgress
{
    private readonly Queue<Flight> _flights = new();
    private readonly RaftOptions _options;
    private long _flightBytes;
    private bool _wasHeard;

    internal PeerProgress(MemberId member, ulong next, RaftOptions options)
    {
        Member = member;
        Next = next;
        _options = options;
    }

    public MemberId Member { get; }

    /// <summary>In either half of a joint configuration.</summary>
    public bool IsVoter => InVoters || InOutgoing;

    /// <summary>
    /// No longer in the configuration in force: it is still sent what tells it so, for a while.
    /// </summary>
    public bool IsLeaving { get; private set; }

    /// <summary>Highest index known to be on its stable storage.</summary>
    public ulong Match { get; private set; }

    /// <summary>Next index to send.</summary>
    public ulong Next { get; private set; }

    public ProgressState State { get; private set; }

    /// <summary>Ticks since anything came from it, or since this leadership began.</summary>
    public int SilentTicks { get; internal set; }

    /// <summary>Heard of in this leadership, and less than an election timeout ago.</summary>
    public bool IsActive => _wasHeard && SilentTicks < _options.ElectionTicks;

    /// <summary>Votes among <see cref="Configuration.Voters"/>.</summary>
    internal bool InVoters { get; private set; }

    /// <summary>Votes among <see cref="Configuration.Outgoing"/>.</summary>
    internal bool InOutgoing { get; private set; }

    /// <summary>Ticks since the configuration without it was committed.</summary>
    internal int LeavingTicks { get; set; }

    /// <summary>Its last answer said whether its disk is nearly full; null: it has not answered this leader yet.</summary>
    public bool? StorageLow { get; internal set; }

    /// <summary>Its last heartbeat said that it lost entries to a damaged disk and is not whole again.</summary>
    public bool IsRepairing { get; internal set; }

    /// <summary>Heard of since the last quorum check.</summary>
    internal bool RecentlyActive { get; set; }

    /// <summary>The highest read confirmation it has answered.</summary>
    internal ulong ReadAcknowledged { get; set; }

    /// <summary>The commit index it was last told.</summary>
    internal ulong CommitSent { get; set; }

    /// <summary>An AppendResponse came since the last periodic heartbeat: what was sent is not lost.</summary>
    internal bool AcknowledgedSinceHeartbeat { get; set; }

    /// <summary>In Probe: a request is out.</summary>
    private bool ProbeSent { get; set; }

    internal bool CanSend => State switch
    {
        ProgressState.Probe => !ProbeSent,
        ProgressState.Replicate =>
            _flights.Count < _options.MaxInflightRequests && _flightBytes < _options.MaxInflightBytes,
        _ => false,
    };

    /// <summary>What it counts for from now on.</summary>
    internal void Configure(Configuration configuration)
    {
        InVoters = configuration.Voters.Contains(Member);
        InOutgoing = configuration.Outgoing.Contains(Member);
        IsLeaving = !configuration.Contains(Member);
        LeavingTicks = 0;
    }

    /// <summary>Anything came from it.</summary>
    internal void Heard()
    {
        RecentlyActive = _wasHeard = true;
        SilentTicks = 0;
    }

    /// <summary>The leader did not run for a while: whether it answers has to be seen anew.</summary>
    internal void Doubt() => _wasHeard = false;

    internal void Sent(ulong lastIndex, int entries, long bytes)
    {
        if (State == ProgressState.Probe)
        {
            ProbeSent = true;
        }
        else if (entries > 0)
        {
            // Optimistic: if it is lost, the next request is rejected and Next falls back to Match + 1.
            Next = lastIndex + 1;
            _flights.Enqueue(new(lastIndex, bytes));
            _flightBytes += bytes;
        }
    }

    /// <summary>True if this told something new.</summary>
    internal bool Acknowledged(ulong index)
    {
        AcknowledgedSinceHeartbeat = true;
        var news = index > Match;
        Match = Math.Max(Match, index);
        Next = Math.Max(Next, index + 1);
        while (_flights.TryPeek(out var flight) && flight.LastIndex <= index)
        {
            _flights.Dequeue();
            _flightBytes -= flight.Bytes;
        }

        ProbeSent = false;
        return news;
    }

    /// <summary>False if the rejection is older than what is known, and means nothing.</summary>
    internal bool Rejected(ulong rejected, ulong possibleMatch)
    {
        if (State == ProgressState.Snapshot || rejected <= Match)
        {
            return false;
        }

        if (State == ProgressState.Probe && Next - 1 != rejected)
        {
            return false;
        }

        var next = State == ProgressState.Replicate ? Match + 1 : Math.Min(rejected, possibleMatch + 1);
        Become(ProgressState.Probe, Math.Max(next, Match + 1));
        return true;
    }

    /// <summary>
    /// Its disk lost what it had acknowledged beyond this. Counting it on would do no harm to what is committed, but it
    /// would never be sent again.
    /// </summary>
    internal void Lost(ulong after)
    {
        Match = after;
        CommitSent = 0;
        if (State != ProgressState.Snapshot)
        {
            Become(ProgressState.Probe, Next);
        }
    }

    internal void BecomeReplicate() => Become(ProgressState.Replicate, Match + 1);

    /// <param name="after">The last index it may hold.</param>
    /// <param name="paused">Wait for a sign of life before asking.</param>
    internal void BecomeProbe(ulong after, bool paused)
    {
        Become(ProgressState.Probe, after + 1);
        ProbeSent = paused;
    }

    internal void BecomeSnapshot() => Become(ProgressState.Snapshot, Next);

    /// <summary>A heartbeat came back: the link works, so what was not acknowledged may be sent again.</summary>
    internal void LinkWorks()
    {
        ProbeSent = false;
        if (State == ProgressState.Replicate && !CanSend && _flights.TryDequeue(out var oldest))
        {
            _flightBytes -= oldest.Bytes;
        }
    }

    private void Become(ProgressState state, ulong next)
    {
        State = state;
        Next = next;
        ProbeSent = false;
        _flights.Clear();
        _flightBytes = 0;
    }

    private readonly record struct Flight(ulong LastIndex, long Bytes);
}
