using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.Raft.Core;

namespace Blixard.Node.Tests.Api;

public class LeaderContactTests
{
    private readonly FakeTime _time = new();
    private readonly ReplicationEvents _events = new();
    private readonly FakeEngine _engine;

    public LeaderContactTests() =>
        _engine = new FakeEngine(new ApplyLoop(new AppliedState(), new ChangeFeed(), _events), _events);

    [Fact]
    public void It_counts_from_when_the_leader_was_lost_through_failed_elections()
    {
        using var contact = new LeaderContact(_engine, _events, _time);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.Zero, contact.Age);

        _engine.CutOff();
        _time.Advance(TimeSpan.FromSeconds(2));
        _engine.Status = _engine.Status with { Role = RaftRole.Candidate, Term = 4 };
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(3), contact.Age);

        _engine.Follow();
        Assert.Equal(TimeSpan.Zero, contact.Age);
    }

    [Fact]
    public void It_is_not_known_before_there_ever_was_a_leader()
    {
        _engine.CutOff();
        using var contact = new LeaderContact(_engine, _events, _time);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(contact.Age);
    }
}
