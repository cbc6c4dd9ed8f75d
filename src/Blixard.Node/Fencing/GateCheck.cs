using Blixard.Systemd.Units;

namespace Blixard.Node.Fencing;

/// <summary>
/// Whether a VM's unit, as systemd has it now, starts through the gate and where its policy wants it.
/// </summary>
internal static class GateCheck
{
    private const string Gate = "/blixard-gate";

    /// <summary>Null, or why the unit is not behind the gate.</summary>
    /// <param name="launch">Read back from systemd, never taken from files.</param>
    /// <param name="vm">The VM's name.</param>
    /// <param name="isStrict">It must be in the strict slice too.</param>
    public static string? Refuse(LaunchDetails launch, string vm, bool isStrict)
    {
        if (launch.LoadState != "loaded")
        {
            return $"{launch.Name} is {launch.LoadState}";
        }

        if (launch.NeedsDaemonReload)
        {
            return $"{launch.Name} has changed on disk and systemd has not read it";
        }

        if (launch.ExecStart is not [var words] || !IsGate(words, vm))
        {
            return $"{launch.Name} does not start through the gate: "
                + string.Join("; ", launch.ExecStart.Select(line => string.Join(' ', line)));
        }

        return isStrict && launch.Slice != StrictSlice.Name ? $"{launch.Name} is in {launch.Slice}" : null;
    }

    // "/bin/sh /opt/blixard/libexec/blixard-gate VM -- COMMAND"
    private static bool IsGate(IReadOnlyList<string> words, string vm)
    {
        for (var i = 0; i + 3 < words.Count; i++)
        {
            if (words[i].EndsWith(Gate, StringComparison.Ordinal))
            {
                return i <= 1 && words[i + 1] == vm && words[i + 2] == "--";
            }
        }

        return false;
    }
}
