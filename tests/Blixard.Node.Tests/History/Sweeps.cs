using Blixard.Node.History;

namespace Blixard.Node.Tests.History;

internal static class Sweeps
{
    /// <param name="at">Its time.</param>
    /// <param name="cpu">Percent, by VM.</param>
    public static Sweep Of(DateTimeOffset at, params (string Vm, double? Cpu)[] cpu)
    {
        var vms = new SortedDictionary<string, VmFigures>(StringComparer.Ordinal);
        foreach (var (vm, percent) in cpu)
        {
            var figures = new VmFigures();
            figures.Set(HistoryMetric.Cpu, percent);
            figures.Set(HistoryMetric.Memory, percent is null ? null : 1L << 30);
            vms.Add(vm, figures);
        }

        return new(at, vms);
    }

    public static Sweep Random(Random random, DateTimeOffset at, int vms)
    {
        var all = new SortedDictionary<string, VmFigures>(StringComparer.Ordinal);
        for (var vm = 0; vm < vms; vm++)
        {
            var figures = new VmFigures();
            for (var metric = 0; metric < HistoryMetrics.Count; metric++)
            {
                figures[(HistoryMetric)metric] = random.Next(4) switch
                {
                    0 => null,
                    1 => 0,
                    2 => random.Next(-1000, 1000),
                    _ => random.NextInt64(-1_000_000_000_000_000_000, 1_000_000_000_000_000_000),
                };
            }

            all[$"vm{vm}"] = figures;
        }

        return new(at, all);
    }
}
