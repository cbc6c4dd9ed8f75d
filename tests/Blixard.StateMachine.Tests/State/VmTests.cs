using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

/// <summary>What is concluded from several nodes' words: node, state, and '!' for a stale one.</summary>
public sealed class VmTests
{
    [Theory]
    [InlineData("", "Unknown", null)]
    [InlineData("n1:Stopped", "Stopped", "n1")]
    [InlineData("n1:Unknown", "Unknown", "n1")]
    [InlineData("n1:Stopped n2:Stopped", "Stopped", null)]
    [InlineData("n1:Stopped n2:Running", "Running", "n2")]
    [InlineData("n1:Running n2:Running", "Running", "n1")]
    [InlineData("n1:Stopped n2:Starting", "Starting", "n2")]
    [InlineData("n1:Failed n2:Stopping", "Stopping", "n2")]
    [InlineData("n1:Starting n2:Stopping", "Starting", "n1")]
    [InlineData("n1:Stopped n2:Failed", "Failed", null)]
    [InlineData("n1:Running!", "Unknown (node lost)", "n1")]
    [InlineData("n1:Stopped!", "Unknown (node lost)", "n1")]
    [InlineData("n1:Running! n2:Running", "Running", "n2")]
    [InlineData("n1:Running! n2:Stopped", "Unknown (node lost)", "n1")]
    [InlineData("n1:Running! n2:Failed", "Unknown (node lost)", "n1")]
    [InlineData("n1:Running! n2:Starting", "Unknown (node lost)", "n2")]
    [InlineData("n1:Stopped! n2:Stopped", "Stopped", null)]
    [InlineData("n1:Stopped! n2:Failed", "Failed", null)]
    public void The_state_and_the_place_follow_from_all_nodes(string observations, string state, string? location)
    {
        var vm = Parse(observations);

        Assert.Equal(state, vm.StateText);
        Assert.Equal(location, vm.Location);
    }

    [Theory]
    [InlineData(Staleness.NodeLost, "Unknown (node lost)")]
    [InlineData(Staleness.Absent, "Unknown (unit is gone)")]
    [InlineData(Staleness.Rebooted, "Unknown (node rebooted)")]
    [InlineData(Staleness.Unseen, "Unknown (manager out of reach)")]
    public void The_text_says_why_it_is_unknown(Staleness staleness, string text)
    {
        var vm = Parse("n1:Running");
        var observation = vm.Observations["n1"] with { Staleness = staleness };
        vm = vm with { Observations = vm.Observations.SetItem("n1", observation) };

        Assert.Equal((VmState.Unknown, staleness, text), (vm.State, vm.Staleness, vm.StateText));
    }

    [Theory]
    [InlineData("n1:Running n2:Running", "", true)]
    [InlineData("n1:Running! n2:Running", "", false)]
    [InlineData("n1:Running", "n2", true)]
    [InlineData("n1:Stopped", "n2", false)]
    [InlineData("n1:Stopped", "n2 n3", true)]
    public void Two_that_say_they_run_it_are_an_alarm(string observations, string claims, bool alarm)
    {
        var vm = Parse(observations);
        foreach (var node in claims.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            vm = vm with { RefusedClaims = vm.RefusedClaims.Add(node, 1) };
        }

        Assert.Equal(alarm, vm.DuplicateRunning);
    }

    private static Vm Parse(string text)
    {
        var vm = new Vm { Name = "web", Uuid = Make.Uuid(), CreatedAt = 1 };
        var observations = vm.Observations;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var (node, state) = (word[..2], word[3..]);
            observations = observations.Add(node, new NodeObservation
            {
                Node = node,
                Unit = "microvm@web.service",
                State = Enum.Parse<VmState>(state.TrimEnd('!')),
                Staleness = state.EndsWith('!') ? Staleness.NodeLost : Staleness.Fresh,
            });
        }

        return vm with { Observations = observations };
    }
}
