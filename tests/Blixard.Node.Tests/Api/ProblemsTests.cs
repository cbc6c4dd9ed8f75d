using System.Reflection;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Api;

public class ProblemsTests
{
    [Theory]
    [InlineData(RejectionReason.Invalid, 400, ProblemTypes.InvalidRequest)]
    [InlineData(RejectionReason.VmNotFound, 404, ProblemTypes.VmNotFound)]
    [InlineData(RejectionReason.NodeNotFound, 404, ProblemTypes.NodeNotFound)]
    [InlineData(RejectionReason.RunningElsewhere, 409, ProblemTypes.RunningElsewhere)]
    [InlineData(RejectionReason.SessionExpired, 409, ProblemTypes.SessionExpired)]
    [InlineData(RejectionReason.SessionFull, 503, ProblemTypes.Overloaded)]
    [InlineData(RejectionReason.NameTaken, 409, ProblemTypes.Rejected)]
    public void A_rejection_has_its_problem(RejectionReason reason, int status, string type)
    {
        var problem = Problems.Of(new Rejected(reason, "said so"));

        Assert.Equal((status, type, "said so"), (problem.Status, problem.Type, problem.Detail));
    }

    [Fact]
    public void Every_rejection_has_a_problem_and_the_rare_ones_name_their_reason()
    {
        foreach (var reason in Enum.GetValues<RejectionReason>())
        {
            var problem = Problems.Of(new Rejected(reason, "said so"));

            Assert.StartsWith("urn:blixard:problem:", problem.Type, StringComparison.Ordinal);
            if (problem.Type == ProblemTypes.Rejected)
            {
                Assert.Equal(reason.ToString(), problem.Extensions!["reason"].GetString(), ignoreCase: true);
            }
        }
    }

    [Fact]
    public void Only_what_was_never_handed_on_may_be_a_503()
    {
        Assert.Equal((503, ProblemTypes.NoLeader), Of(new NoLeaderException("none")));
        Assert.StartsWith("none. Reads", Problems.Of(new NoLeaderException("none"))!.Detail);
        Assert.Equal((503, ProblemTypes.Overloaded), Of(new OverloadedException("full")));
        Assert.Equal((507, ProblemTypes.NoSpace), Of(new NoSpaceException("full")));
        Assert.Equal((503, ProblemTypes.VersionGate), Of(new VersionGateException("old")));
        Assert.Equal((504, ProblemTypes.OutcomeUnknown), Of(new OutcomeUnknownException("maybe")));
        Assert.Equal((413, ProblemTypes.TooLarge), Of(new CommandTooLargeException("RegisterVM", 2, 1)));
    }

    [Fact]
    public void What_is_not_foreseen_is_a_bug() => Assert.Null(Problems.Of(new InvalidOperationException("oops")));

    [Fact]
    public void The_types_are_distinct_and_documented()
    {
        var types = typeof(ProblemTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!).ToArray();
        var documentation = File.ReadAllText(Repository.PathOf("docs/api.md"));

        Assert.Distinct(types);
        Assert.All(types, type => Assert.Contains(type.Split(':')[^1], documentation));
    }

    private static (int Status, string Type) Of(Exception exception)
    {
        var problem = Problems.Of(exception)!;
        return (problem.Status, problem.Type);
    }
}
