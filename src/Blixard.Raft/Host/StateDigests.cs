using Blixard.Raft.Core;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// The state of this member is not that of the others: it must not be served, and does not mend itself.
/// </summary>
public sealed class StateDivergedException(ulong index, ulong own, ulong others)
    : Exception(
        $"the state that this member applied at index {index} has digest {own:x16}; that of a majority has "
        + $"{others:x16}. It stops. To go on: remove this node from the cluster, empty its data directory, and join it "
        + "as a new node")
{
    /// <summary>The index at which the states differ; they may have gone apart before.</summary>
    public ulong Index { get; } = index;
}

/// <summary>
/// Compares the states of all who apply the log, at equal indexes: the same entries must make the same state, and where
/// they did not (a bug, a bit flipped in memory) nothing else would say so. Everyone sends the leader a digest now and
/// then; the leader compares, and where a majority agrees, whoever does not is told and stops. Used by the host's loop
/// alone.
/// </summary>
internal sealed partial class StateDigests(
    MemberId self, IRaftTransport transport, RaftMetrics metrics, ILogger logger)
{
    /// <summary>
    /// Applied entries between two digests, by index, so that all take them at the same ones. A digest is a look-up and
    /// a small message.
    /// </summary>
    public const ulong Interval = 1024;

    /// <summary>Indexes that are remembered, for those who are slower or faster.</summary>
    public const int Remembered = 64;

    // While they differ, every index says so again.
    private const ulong ForgottenAfter = 4 * Interval;

    private readonly SortedDictionary<ulong, Compared> _byIndex = [];
    private readonly SortedDictionary<ulong, StateDigest> _own = [];

    /// <summary>
    /// Non-null: at that index states differ, and there is no majority that says whose is right.
    /// </summary>
    public ulong? DivergedAt { get; private set; }

    /// <summary>This member has applied the log up to an index at which all compare.</summary>
    /// <exception cref="StateDivergedException">A majority has another state.</exception>
    public void Applied(ulong index, ulong entryTerm, ulong digest, RaftNode core)
    {
        var own = new StateDigest(self, core.Leader, core.Term, index, entryTerm, digest);
        Remember(_own, index, own);
        if (DivergedAt + ForgottenAfter < index)
        {
            DivergedAt = null;
        }

        if (core.Role == RaftRole.Leader)
        {
            Compare(own, core);
        }
        else if (!core.Leader.IsNone)
        {
            transport.Send(own);
        }
    }

    /// <summary>As leader.</summary>
    /// <exception cref="StateDivergedException">A majority has another state than this member.</exception>
    public void Receive(StateDigest digest, RaftNode core)
    {
        if (core.Role == RaftRole.Leader && digest.Index % Interval == 0)
        {
            // What it may have applied before it led was not compared here.
            if (!_byIndex.ContainsKey(digest.Index) && _own.TryGetValue(digest.Index, out var own))
            {
                Compare(own, core);
            }

            Compare(digest, core);
        }
    }

    /// <summary>From the leader: this member's state differs.</summary>
    /// <exception cref="StateDivergedException">And it is the one that is wrong.</exception>
    public void Receive(StateVerdict verdict)
    {
        // What is said must be about what this member has said; a restart may have mended it.
        if (!_own.TryGetValue(verdict.Index, out var own) || own.Digest != verdict.Digest
            || own.Digest == verdict.Others)
        {
            return;
        }

        if (verdict.IsWrong)
        {
            throw new StateDivergedException(verdict.Index, own.Digest, verdict.Others);
        }

        DivergedAt = verdict.Index;
    }

    private void Compare(StateDigest digest, RaftNode core)
    {
        if (!_byIndex.TryGetValue(digest.Index, out var compared))
        {
            compared = new();
            Remember(_byIndex, digest.Index, compared);
            JudgeEarlier(digest.Index, core);
        }

        if (!compared.Digests.TryAdd(digest.From, digest)
            || compared.Digests.Values.All(other => other.Digest == digest.Digest))
        {
            return;
        }

        if (!compared.Differs)
        {
            compared.Differs = true;
            metrics.StateDiverged();
            var other = compared.Digests.Values.First(each => each.Digest != digest.Digest);
            LogDiverged(
                digest.Index, digest.From, digest.Digest, digest.EntryTerm, other.From, other.Digest, other.EntryTerm);
        }

        Judge(digest.Index, compared, core, isComplete: compared.Digests.Count >= core.Configuration.Members.Count());
    }

    /// <summary>Whoever has not sent a digest of those by now is not there, or hopelessly behind.</summary>
    private void JudgeEarlier(ulong index, RaftNode core)
    {
        foreach (var (earlier, compared) in _byIndex)
        {
            if (earlier < index && compared is { Differs: true, IsJudged: false })
            {
                Judge(earlier, compared, core, isComplete: true);
            }
        }
    }

    /// <summary>
    /// Whoever is not with a majority is wrong. With less than three, or without a majority, nobody knows who is: all
    /// are told that, once no more digests are to come.
    /// </summary>
    private void Judge(ulong index, Compared compared, RaftNode core, bool isComplete)
    {
        var digests = compared.Digests.Values;
        var best = digests.GroupBy(digest => digest.Digest).OrderByDescending(group => group.Count()).First();
        var voters = Math.Max(digests.Count, core.Configuration.Voters.Count);
        var isMajority = digests.Count >= 3 && best.Count() >= Quorum.Size(voters);
        if (!isMajority && !isComplete)
        {
            return;
        }

        compared.IsJudged = true;
        foreach (var digest in digests)
        {
            var others = digest.Digest != best.Key
                ? best.Key
                : digests.First(other => other.Digest != best.Key).Digest;
            if (digest.From != self && !(isMajority && digest.Digest == best.Key))
            {
                transport.Send(new StateVerdict(
                    self, digest.From, core.Term, index, digest.Digest, others, IsWrong: isMajority));
            }
        }

        if (!isMajority)
        {
            DivergedAt = index;
        }
        else if (compared.Digests.TryGetValue(self, out var own) && own.Digest != best.Key)
        {
            throw new StateDivergedException(index, own.Digest, best.Key);
        }
    }

    private static void Remember<T>(SortedDictionary<ulong, T> memory, ulong index, T value)
    {
        memory[index] = value;
        while (memory.Count > Remembered)
        {
            memory.Remove(memory.Keys.First());
        }
    }

    [LoggerMessage(
        LogLevel.Critical,
        "States differ at index {Index}: {Member} has {Digest:x16} after an entry of term {Term}, "
        + "{Other} has {OtherDigest:x16} after one of term {OtherTerm}")]
    private partial void LogDiverged(
        ulong index, MemberId member, ulong digest, ulong term, MemberId other, ulong otherDigest, ulong otherTerm);

    private sealed class Compared
    {
        public SortedDictionary<MemberId, StateDigest> Digests { get; } = [];

        /// <summary>Not all of them are equal; logged.</summary>
        public bool Differs { get; set; }

        /// <summary>Those who are wrong were told; or all, that nobody knows who is.</summary>
        public bool IsJudged { get; set; }
    }
}
