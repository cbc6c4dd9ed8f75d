using System.Globalization;
using System.Text;
using Blixard.Cluster.Harness;
using Blixard.Linearizability;

namespace Blixard.Soak;

/// <summary>What a failed run leaves behind.</summary>
internal static class Evidence
{
    /// <returns>Where it is.</returns>
    public static async Task<string> KeepAsync(SoakReport report, SoakCluster cluster, string directory)
    {
        directory = Path.GetFullPath(directory);
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "report.txt"), $"{report}\n\n{string.Join("\n\n", report.Problems)}\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "history.csv"), Histories(report));
        foreach (var member in cluster.Members)
        {
            await File.WriteAllTextAsync(
                Path.Combine(directory, $"{member.Name}.log"), await member.JournalAsync("short-precise"));
        }

        return directory;
    }

    private static string Histories(SoakReport report)
    {
        var text = new StringBuilder("key,linearizable,client,act,value,invoked,completed\n");
        foreach (var (key, verdict) in report.Keys)
        {
            foreach (var operation in key.History().OrderBy(o => o.Invoked))
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{key},{verdict.IsLinearizable},{operation.Client},{operation.Input.Act},");
                text.Append(operation.Input.Act == RegisterAct.Read ? operation.Output : operation.Input.Value);
                text.Append(CultureInfo.InvariantCulture, $",{operation.Invoked},{operation.Completed}\n");
            }
        }

        return text.ToString();
    }
}
