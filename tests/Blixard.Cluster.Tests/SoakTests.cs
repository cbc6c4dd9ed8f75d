using Blixard.Client;
using Blixard.Soak;

namespace Blixard.Cluster.Tests;

/// <summary>A short one, so that the long one can't rot; make soak is for those.</summary>
[Collection(nameof(ThreeHosts))]
public sealed class SoakTests(ThreeHosts hosts, ITestOutputHelper output)
{
    [Fact]
    public async Task A_dozen_faults_under_load_lose_nothing_and_leave_histories_that_have_an_order()
    {
        ThreeHosts.Require();
        var options = new SoakOptions
        {
            Faults = 12,
            Seed = Random.Shared.Next(1, int.MaxValue),
            Artifacts = Path.Combine(AppContext.BaseDirectory, "soak"),
            SmallDisks = hosts.WhyNoDisks is null,
        };
        output.WriteLine($"SEED={options.Seed} FAULTS={options.Faults} make soak");
        var cluster = new SoakCluster(hosts.All, member => hosts.UpAsync(member));
        var report = await new SoakRun(cluster, options, output.WriteLine).RunAsync();
        output.WriteLine(report.ToString());
        if (!report.IsGood)
        {
            Assert.Fail($"{report.LastLine}; see {await Evidence.KeepAsync(report, cluster, options.Artifacts)}");
        }

        Assert.Equal(options.Faults, report.Faults);
        Assert.True(report.AcknowledgedChanges > 100, "there was hardly any load");
        await hosts.WholeAsync();
        foreach (var vm in report.Keys.Select(k => k.Key.Vm).Distinct())
        {
            await hosts.All[0].Client.RemoveVmAsync(vm, force: true, default);
        }
    }
}
