using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Node.Fencing;

/// <summary>The way to the leader.</summary>
internal interface IRenewalLine
{
    /// <summary>The leader's answer; null if none came by then.</summary>
    /// <param name="patience">For the answer. Half of it in, the question goes out once more, through another
    /// member.</param>
    Task<RenewalAnswer?> AskAsync(
        RenewalQuestion question, TimeSpan patience, CancellationToken cancellationToken);
}

/// <summary>
/// Asks the leader itself, and after a while through other members in turn: a node that is cut off from the leader
/// alone must not lose its VMs.
/// </summary>
internal sealed class RenewalLine(IRaftEngine engine, TimeProvider time) : IRenewalLine
{
    private int _turn;

    public async Task<RenewalAnswer?> AskAsync(
        RenewalQuestion question, TimeSpan patience, CancellationToken cancellationToken)
    {
        var bytes = RenewalJson.Bytes(question);
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var asked = new List<Task<RenewalAnswer?>> { AskAsync(bytes, MemberId.None, either.Token) };
        var second = Task.Delay(patience / 2, time, either.Token);
        while (true)
        {
            await Task.WhenAny([.. asked, second]);
            foreach (var answered in asked.Where(task => task.IsCompletedSuccessfully).ToArray())
            {
                asked.Remove(answered);

                // The same question may be answered twice; an answer to another one is none.
                if (await answered is { } answer && answer.SentAt == question.SentAt && answer.Epoch == question.Epoch)
                {
                    await either.CancelAsync();
                    return answer;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (limit.IsCancellationRequested)
            {
                return null;
            }

            if (second.IsCompleted)
            {
                second = new TaskCompletionSource().Task.WaitAsync(either.Token);
                if (Other() is { IsNone: false } other)
                {
                    asked.Add(AskAsync(bytes, other, either.Token));
                }
            }
        }
    }

    private async Task<RenewalAnswer?> AskAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken)
    {
        try
        {
            return RenewalJson.Answer(await engine.AskLeaderAsync(question, via, cancellationToken));
        }
        catch (Exception e) when (e is NoLeaderException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A member that is neither this one nor, as far as is known here, the leader.</summary>
    private MemberId Other()
    {
        var status = engine.Status;
        var others = status.Configuration.Members
            .Where(member => member != status.Self && member != status.Leader).ToArray();
        return others.Length == 0 ? MemberId.None : others[(_turn++ & int.MaxValue) % others.Length];
    }
}
