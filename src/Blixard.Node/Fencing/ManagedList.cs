using System.Globalization;
using System.Text;

namespace Blixard.Node.Fencing;

/// <summary>
/// All managed VMs of the cluster, as the gate sees them: one file on every node. A VM that is not in it starts as
/// ever, so a name must be on the disk here before this node tells the cluster that its gate is installed for it.
/// </summary>
internal sealed class ManagedList(GatePaths paths)
{
    private const string Header = "managed 1 ";

    /// <param name="index">The log index of the state that the names are from.</param>
    /// <param name="vms">All of them, each once.</param>
    public void Replace(ulong index, IEnumerable<(string Vm, GatePolicy Policy)> vms)
    {
        var text = new StringBuilder(Header).Append(CultureInfo.InvariantCulture, $"{index}\n");
        foreach (var (vm, policy) in vms.OrderBy(vm => vm.Vm, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"vm {vm} {GrantStore.Word(policy)}\n");
        }

        GateFiles.Replace(paths.Managed, text.Append("end\n").ToString());
    }

    /// <summary>The index and the names; null if there is no list, or one that the gate would refuse.</summary>
    public (ulong Index, IReadOnlyDictionary<string, GatePolicy> Vms)? Read()
    {
        string[] lines;
        try
        {
            lines = File.ReadAllText(paths.Managed).Split('\n');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        if (lines.Length < 3 || lines[^2] != "end" || lines[^1].Length > 0
            || !lines[0].StartsWith(Header, StringComparison.Ordinal)
            || !ulong.TryParse(
                lines[0].AsSpan(Header.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return null;
        }

        var vms = new SortedDictionary<string, GatePolicy>(StringComparer.Ordinal);
        foreach (var line in lines[1..^2])
        {
            GatePolicy? policy = line.Split(' ') switch
            {
                ["vm", _, "none"] => GatePolicy.None,
                ["vm", _, "manual"] => GatePolicy.Manual,
                ["vm", _, "strict"] => GatePolicy.Strict,
                _ => null,
            };
            if (policy is not { } known || !vms.TryAdd(line.Split(' ')[1], known))
            {
                return null;
            }
        }

        return (index, vms);
    }
}
