using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Raft.Tests.Host;

/// <summary>What may wait for the loop, and who is told when it does not fit.</summary>
public sealed class InboxTests
{
    [Fact]
    public void What_does_not_fit_is_refused_and_leaves_no_trace()
    {
        var bounds = new InboxBounds(maxCount: 3, maxBytes: 100);

        Assert.True(bounds.TryEnter(60));
        Assert.False(bounds.TryEnter(41));
        Assert.True(bounds.TryEnter(40));
        Assert.True(bounds.TryEnter(0));
        Assert.False(bounds.TryEnter(0));
        bounds.Leave(60);
        Assert.True(bounds.TryEnter(60));
        Assert.Equal(3, bounds.Count);
    }

    [Fact]
    public void One_alone_may_be_larger_than_all()
    {
        var bounds = new InboxBounds(maxCount: 3, maxBytes: 100);

        Assert.True(bounds.TryEnter(1000));
        Assert.False(bounds.TryEnter(1));
        bounds.Leave(1000);
        Assert.True(bounds.TryEnter(1000));
    }

    [Fact]
    public void A_refusal_finds_those_it_is_about_once()
    {
        var forwarded = new ForwardedProposals(first: 100);
        var answers = Enumerable.Range(0, 5).Select(_ => new Answer()).ToArray();
        foreach (var answer in answers)
        {
            forwarded.Add(answer);
        }

        forwarded.Refuse(Refusal(first: 102, count: 2));
        forwarded.Refuse(Refusal(first: 102, count: 9));
        forwarded.Refuse(Refusal(first: 1, count: 50));

        Assert.Equal([0, 0, 1, 1, 1], answers.Select(answer => answer.Refusals));
    }

    [Fact]
    public void Only_the_newest_are_kept_and_a_refusal_of_an_older_one_hits_nobody_else()
    {
        var forwarded = new ForwardedProposals(first: 1);
        var (old, young) = (new Answer(), new Answer());
        forwarded.Add(old);
        for (var i = 0; i < ForwardedProposals.Kept; i++)
        {
            forwarded.Add(young);
        }

        forwarded.Refuse(Refusal(first: 1, count: 1));

        Assert.Equal((0, 0), (old.Refusals, young.Refusals));
        forwarded.Refuse(Refusal(first: 2, count: uint.MaxValue));
        Assert.Equal((0, ForwardedProposals.Kept), (old.Refusals, young.Refusals));
    }

    private static ForwardRefused Refusal(ulong first, uint count) =>
        new(new(1), new(2), 3, ProposeStatus.Overloaded, first, count);

    private sealed class Answer : IProposalAnswer
    {
        public int Refusals { get; private set; }

        public void Handed(ProposeResult result)
        {
        }

        public void Refused(ProposeStatus status) => Refusals++;
    }
}
