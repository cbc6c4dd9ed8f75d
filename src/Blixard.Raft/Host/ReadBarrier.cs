using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// Gathers the reads that wait while the loop is busy and asks the core once for all of them; asks again when an
/// answer is overdue or leadership changed. Used by the host's loop alone. What waits for a read may go on within its
/// completion, so only the pool completes it.
/// </summary>
/// <param name="first">
/// The first context, not 0. Drawn anew at each start: an answer that is late by a whole life of this process must not
/// confirm a read of this life, which may be older than what was written in between.
/// </param>
internal sealed class ReadBarrier(RaftNode core, ulong first, int retryTicks, int timeoutTicks)
{
    // Fewer would wake workers for less than waking costs; more would keep a small read waiting for large ones.
    private const int ReadsPerWorker = 4;

    private readonly Dictionary<ulong, Round> _rounds = [];
    private List<TaskCompletionSource<ulong>> _arriving = [];
    private ulong _next = first;
    private long _now;

    public void Add(TaskCompletionSource<ulong> read) => _arriving.Add(read);

    /// <summary>Called once the loop has handled all that was waiting for it.</summary>
    public void Flush()
    {
        if (_arriving.Count == 0)
        {
            return;
        }

        var context = _next++;
        var round = new Round(_arriving, _now + timeoutTicks) { AskAgainAt = _now + retryTicks };
        _arriving = [];
        _rounds.Add(context, round);
        Ask(context, round);
    }

    public void Confirmed(ReadState read)
    {
        if (_rounds.Remove(read.Context, out var round))
        {
            for (var first = 0; first < round.Reads.Count; first += ReadsPerWorker)
            {
                var part = round.Reads.GetRange(first, Math.Min(ReadsPerWorker, round.Reads.Count - first));
                ThreadPool.UnsafeQueueUserWorkItem(new Confirmation(part, read.Index), preferLocal: false);
            }
        }
    }

    /// <summary>The leadership that was asked is over; the next one is asked at the next tick.</summary>
    public void Dropped(ulong context)
    {
        if (_rounds.TryGetValue(context, out var round))
        {
            round.AskAgainAt = _now;
        }
    }

    public void Tick()
    {
        _now++;
        foreach (var (context, round) in _rounds.ToArray())
        {
            if (round.Deadline <= _now)
            {
                _rounds.Remove(context);
                Fail(round, "no leader confirmed the read in time");
            }
            else if (round.AskAgainAt <= _now)
            {
                Ask(context, round);
            }
        }
    }

    public void FailAll(string reason)
    {
        foreach (var round in _rounds.Values)
        {
            Fail(round, reason);
        }

        _rounds.Clear();
        Fail(new(_arriving, 0), reason);
        _arriving = [];
    }

    private void Ask(ulong context, Round round)
    {
        var asked = core.ReadIndex(context);
        round.AskAgainAt = _now + (asked ? retryTicks : 1);
    }

    private static void Fail(Round round, string reason)
    {
        if (round.Reads.Count > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new Failure(round.Reads, reason), preferLocal: false);
        }
    }

    /// <summary>
    /// Some of those who read go on one after the other, on a worker that is woken once for them, and never on the loop.
    /// </summary>
    private sealed class Confirmation(List<TaskCompletionSource<ulong>> reads, ulong index) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            foreach (var waiting in reads)
            {
                waiting.TrySetResult(index);
            }
        }
    }

    /// <inheritdoc cref="Confirmation"/>
    private sealed class Failure(List<TaskCompletionSource<ulong>> reads, string reason) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            foreach (var waiting in reads)
            {
                waiting.TrySetException(new NoLeaderException(reason));
            }
        }
    }

    private sealed class Round(List<TaskCompletionSource<ulong>> reads, long deadline)
    {
        public List<TaskCompletionSource<ulong>> Reads { get; } = reads;

        public long Deadline { get; } = deadline;

        public long AskAgainAt { get; set; }
    }
}
