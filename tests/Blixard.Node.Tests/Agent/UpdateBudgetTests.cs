using Blixard.Node.Agent;
using Blixard.Systemd.MicroVms;
using Blixard.Tests;

namespace Blixard.Node.Tests.Agent;

/// <summary>How often a VM may be reported.</summary>
public sealed class UpdateBudgetTests
{
    [Fact]
    public void Whoever_is_held_back_is_never_told_to_come_again_at_once()
    {
        // Tenths of a second add up to almost a token: what is missing then is less than a timer can wait.
        var time = new FakeTime();
        var budget = new UpdateBudget(10, TimeSpan.FromSeconds(1), time);
        var vm = new AgentVm { Name = "web1", Unit = "microvm@web1.service", Scope = UnitScope.System };
        var heldBack = 0;
        for (var i = 0; i < 1000; i++)
        {
            budget.Begin();
            if (budget.Allows(vm, out _))
            {
                budget.Spend(vm.Name);
            }
            else
            {
                heldBack++;
                Assert.True(budget.Wait >= TimeSpan.FromMilliseconds(1), $"round {i}: wait {budget.Wait}");
            }

            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(heldBack, 800, 900);
    }
}
