using System.Diagnostics;

namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class MetricsTests(ThreeHosts hosts)
{
    private static readonly string? Promtool = Environment.GetEnvironmentVariable("BLIXARD_PROMTOOL");

    [Fact]
    public async Task Promtool_finds_nothing_to_say_on_any_node()
    {
        ThreeHosts.Require();
        Assert.SkipWhen(string.IsNullOrEmpty(Promtool), "needs promtool: BLIXARD_PROMTOOL is not set");
        foreach (var member in hosts.All)
        {
            var start = new ProcessStartInfo(Promtool!, ["check", "metrics"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var said = process.StandardOutput.ReadToEndAsync();
            await process.StandardInput.WriteAsync(await ScrapeAsync(member));
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{member.Name}: {await errors}{await said}");
        }
    }

    [Fact]
    public async Task A_node_exports_the_vms_it_runs_and_no_others_and_no_series_twice()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        foreach (var member in hosts.All)
        {
            await Eventually.HoldsAsync($"{member.Name} exports its VMs", TimeSpan.FromSeconds(15), async () =>
            {
                var series = (await ScrapeAsync(member)).Split('\n')
                    .Where(line => line.Length > 0 && line[0] != '#')
                    .Select(line => line[..line.LastIndexOf(' ')])
                    .ToArray();
                Assert.Equal(series.Length, series.Distinct().Count());
                foreach (var (host, vms) in ThreeHosts.Vms)
                {
                    foreach (var vm in vms.Where(v => !v.EndsWith("=failing", StringComparison.Ordinal)))
                    {
                        var name = vm[..vm.IndexOf('=')];
                        var exported = series.Any(s =>
                            s.StartsWith("blixard_vm_cpu_seconds_total{", StringComparison.Ordinal)
                            && s.Contains($"vm=\"{name}\"", StringComparison.Ordinal));
                        if (exported != (host == member.Name))
                        {
                            return false;
                        }
                    }
                }

                return series.Any(s => s.StartsWith("blixard_raft_commit_index", StringComparison.Ordinal));
            });
        }
    }

    private static async Task<string> ScrapeAsync(Member member)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{member.Port}/metrics"));
    }
}
