using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>Constants of one member's core. Times are ticks, sizes bytes.</summary>
public sealed record RaftOptions
{
    public required MemberId Self { get; init; }

    /// <summary>A follower that hears nothing for this long campaigns; randomised up to twice that.</summary>
    public int ElectionTicks { get; init; } = 6;

    /// <summary>The leader's heartbeat interval.</summary>
    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Largest sum of entry payloads in one AppendRequest; a single larger entry is sent alone.</summary>
    public int MaxAppendBytes { get; init; } = 1 << 20;

    /// <summary>Largest number of entries in one AppendRequest.</summary>
    public int MaxAppendEntries { get; init; } = 4096;

    /// <summary>AppendRequests with entries that may be on the way to one peer.</summary>
    public int MaxInflightRequests { get; init; } = 64;

    /// <summary>Payload bytes that may be on the way to one peer.</summary>
    public long MaxInflightBytes { get; init; } = 8 << 20;

    /// <summary>Largest payload of one proposal; the log has room for a little more.</summary>
    public int MaxEntryBytes { get; init; } = 3 << 19;

    /// <summary>Payload bytes the leader holds that are not committed; above it proposals are refused.</summary>
    public long MaxUncommittedBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Entries that a learner may lack and still be made a voter: few enough to be sent within an election timeout,
    /// because the entries it lacks can't be committed with its help.
    /// </summary>
    public int MaxPromotionLag { get; init; } = 1_000;

    /// <summary>Voters a change may lead to: each more costs the leader a copy and waits for one disk more.</summary>
    public int MaxVoters { get; init; } = 7;

    /// <summary>Learners a change may lead to.</summary>
    public int MaxLearners { get; init; } = 16;

    /// <summary>
    /// Payload bytes of entries that a follower still takes once its storage is low: what was under way then, and what
    /// a new leader needs to commit its first entry. Must be well below what is kept in reserve.
    /// </summary>
    public long LowStorageBytes { get; init; } = 1 << 20;

    /// <summary>
    /// While this member is in no configuration it tails what is committed (<see cref="RaftRole.Observer"/>) instead of
    /// waiting to be sent entries. Means nothing for those who are in it: it may be set everywhere.
    /// </summary>
    public bool Observer { get; init; }

    /// <summary>
    /// Members that an observer asks beside those of the configuration, because it may not know that yet.
    /// </summary>
    public ImmutableArray<MemberId> Sources { get; init; } = [];

    /// <summary>Observers that one member sends entries to; others are to turn to another member.</summary>
    public int MaxObservers { get; init; } = 64;

    /// <summary>Seeds the election timeouts. Two members must not share it.</summary>
    public required ulong Seed { get; init; }
}
