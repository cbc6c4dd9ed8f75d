using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Fencing;

namespace Blixard.Node.Fencing;

/// <summary>The leader's memory of the renewals that it has acknowledged.</summary>
internal interface IReceipts
{
    /// <summary>
    /// Whether the leader still acknowledges renewals of that node: not any more from its own proposal to suspect it
    /// on. Told before the answer leaves; the receipt counts from when it came in.
    /// </summary>
    /// <param name="term">In which this member led when the renewal came in, and still does.</param>
    /// <param name="node">Who renews.</param>
    /// <param name="epoch">In which epoch.</param>
    /// <param name="received">Both clocks, read when the renewal came in.</param>
    bool TryAcknowledge(ulong term, string node, ulong epoch, ClockReading received);
}

/// <summary>The two clocks by which a leader waits, in microseconds, read together.</summary>
internal readonly record struct ClockReading(long MonotonicRaw, long BootTime)
{
    public static ClockReading Now(IHostClocks clocks) => new(clocks.MonotonicRaw, clocks.BootTime);
}

/// <summary>
/// Answers renewals, as leader: from a state that contains all that a majority had agreed on when the renewal came in,
/// proven by a round that began after it. Many renewals share a round. Nothing is written to the log.
/// </summary>
internal sealed class LeaseOffice(
    IRaftEngine engine, AppliedState applied, IReceipts receipts, IHostClocks clocks, TimeProvider time) : ILeaderOffice
{
    public async Task<ReadOnlyMemory<byte>?> AnswerAsync(
        MemberId asker, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        if (RenewalJson.Question(question) is not { } asked)
        {
            return null;
        }

        // Before the round begins, and with it the term in which the receipt counts.
        var received = ClockReading.Now(clocks);
        var term = engine.Status.Term;
        var index = await engine.ReadIndexAsync(cancellationToken);
        var state = await applied.WaitForIndexAsync(index, cancellationToken);
        var renewal = new Renewal(asked.Node, asked.Epoch, asked.BootId, asked.KillBudgetMs, asked.WatchdogMs);
        var (verdict, reason) = Renewals.Judge(state, renewal);

        // The round has proven that nobody else led until it began; a leader of another term must count anew.
        if (engine.Status is var now && (!now.IsLeader || now.Term != term))
        {
            return null;
        }

        if (verdict == RenewalVerdict.Granted && !receipts.TryAcknowledge(term, asked.Node, asked.Epoch, received))
        {
            (verdict, reason) = (RenewalVerdict.Suspect, "the leader is about to suspect the node");
        }

        var terms = state.Terms;
        return RenewalJson.Bytes(new RenewalAnswer
        {
            SentAt = asked.SentAt,
            Epoch = asked.Epoch,
            Verdict = verdict,
            TermMs = verdict == RenewalVerdict.Granted ? terms.GrantMs(time.GetUtcNow().ToUnixTimeMilliseconds()) : 0,
            TermsAt = terms.SetAt,
            Index = index,
            Reason = reason,
        });
    }
}
