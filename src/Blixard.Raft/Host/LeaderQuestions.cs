using System.Collections.Concurrent;
using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Host;

/// <summary>Answers what other members, and this one, ask the leader beside the log.</summary>
public interface ILeaderOffice
{
    /// <summary>
    /// Called where a question has come in, if this member led by then. Whether it leads still, and up to where its state
    /// must be applied, is for the answer to find out (<see cref="RaftHost.ReadIndexAsync"/>): nothing here proves it.
    /// </summary>
    /// <param name="asker">Who asked first, also where the question came through another member.</param>
    /// <param name="question">What the asker's program sent.</param>
    /// <param name="cancellationToken">This member is stopping.</param>
    /// <returns>The answer; null: none is given.</returns>
    Task<ReadOnlyMemory<byte>?> AnswerAsync(
        MemberId asker, ReadOnlyMemory<byte> question, CancellationToken cancellationToken);
}

/// <summary>
/// Questions to the leader that are not proposals and leave nothing in the log: a member asks the one that leads, as far
/// as it knows, or any other, which passes the question on once. No answer is promised: a question, or its answer, may be
/// lost, and it is the asker's to ask again. Safe for many threads; apart from the loop, so that a busy loop, or a long
/// answer, keeps nobody waiting.
/// </summary>
/// <param name="stopping">This member is stopping: whoever works on an answer is told.</param>
internal sealed class LeaderQuestions(
    MemberId self, IRaftTransport transport, Func<RaftStatus> status, CancellationToken stopping)
{
    /// <summary>Questions that may be in work here; beyond, they are dropped.</summary>
    private const int MaxInWork = 1024;

    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<ReadOnlyMemory<byte>>> _asked = [];
    private ulong _next = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
    private int _inWork;

    /// <summary>Null until there is one: until then no question is answered.</summary>
    public ILeaderOffice? Office { get; set; }

    /// <param name="via">Whom to ask; none: the leader, as far as this member knows it.</param>
    /// <exception cref="NoLeaderException">There is nobody to ask.</exception>
    /// <exception cref="OperationCanceledException">The answer has not come by then.</exception>
    public async Task<ReadOnlyMemory<byte>> AskAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken)
    {
        var now = status();
        var to = via.IsNone ? now.Leader : via;
        if (to.IsNone)
        {
            throw new NoLeaderException("there is no leader to ask");
        }

        if (to == self)
        {
            return await OwnAsync(question, now, cancellationToken);
        }

        var context = Interlocked.Increment(ref _next);
        var answer = new TaskCompletionSource<ReadOnlyMemory<byte>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[context] = answer;
        try
        {
            transport.Send(new Question(self, to, now.Term, self, context, IsPassedOn: false, question));
            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _asked.TryRemove(context, out _);
        }
    }

    public void Receive(Question question)
    {
        var now = status();
        if (now.Role == RaftRole.Leader)
        {
            _ = AnswerAsync(question, now.Term);
        }
        else if (!question.IsPassedOn && !now.Leader.IsNone && now.Leader != self && now.Leader != question.Origin)
        {
            // Once only: two members that take each other for the leader would pass it to and fro.
            transport.Send(question with { From = self, To = now.Leader, Term = now.Term, IsPassedOn = true });
        }
    }

    public void Receive(Answer answer)
    {
        if (answer.Origin != self)
        {
            transport.Send(answer with { From = self, To = answer.Origin });
        }
        else if (_asked.TryRemove(answer.Context, out var asked))
        {
            asked.TrySetResult(answer.Data);
        }
    }

    private async Task<ReadOnlyMemory<byte>> OwnAsync(
        ReadOnlyMemory<byte> question, RaftStatus now, CancellationToken cancellationToken)
    {
        if (now.Role != RaftRole.Leader || Office is not { } office)
        {
            throw new NoLeaderException("this member does not lead");
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        return await office.AnswerAsync(self, question, either.Token)
            ?? throw new NoLeaderException("this member gives no answer");
    }

    private async Task AnswerAsync(Question question, ulong term)
    {
        if (Office is not { } office || Interlocked.Increment(ref _inWork) > MaxInWork)
        {
            Interlocked.Decrement(ref _inWork);
            return;
        }

        try
        {
            // Not on the thread of the connection it came by.
            await Task.Yield();
            if (await office.AnswerAsync(question.Origin, question.Data, stopping) is { } answer)
            {
                transport.Send(new Answer(self, question.From, term, question.Origin, question.Context, answer));
            }
        }
        catch (Exception e) when (e is NoLeaderException or OperationCanceledException)
        {
            // No answer: whoever asked asks again, and perhaps another.
        }
        finally
        {
            Interlocked.Decrement(ref _inWork);
        }
    }
}
