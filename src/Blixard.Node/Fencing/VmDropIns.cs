using Blixard.StateMachine.Commands;

namespace Blixard.Node.Fencing;

/// <summary>
/// What puts a VM under the host's lease: its units in the strict slice, and stopped before the node is. Below /run:
/// at a
/// boot nothing is granted, and so none of them starts before it is there again.
/// </summary>
internal sealed class VmDropIns(string directory = "/run/systemd/system")
{
    private const string File = "50-blixard.conf";

    // The anchor and not the node: a node that crashed would wait for a VM's stop (blixard-anchor.service).
    private const string Content =
        "# Written by blixard-node: this VM runs under the lease of its host.\n"
            + "[Unit]\nAfter=blixard-anchor.service\n\n[Service]\nSlice=" + StrictSlice.Name + "\n";

    /// <summary>True if a file was written or removed: systemd must read its units anew before it counts.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Set(string vm, bool isStrict)
    {
        if (!Rules.IsName(vm))
        {
            throw new ArgumentException($"'{vm}' is no name of a VM.", nameof(vm));
        }

        var changed = false;
        foreach (var unit in Revocation.UnitsOf(vm))
        {
            var path = Path.Combine(directory, unit + ".d", File);
            if (!isStrict)
            {
                changed |= System.IO.File.Exists(path);
                System.IO.File.Delete(path);
            }
            else if (!System.IO.File.Exists(path) || System.IO.File.ReadAllText(path) != Content)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                System.IO.File.WriteAllText(path, Content);
                changed = true;
            }
        }

        return changed;
    }

    /// <summary>The VMs that have one, also of a process before this one.</summary>
    public IReadOnlyList<string> Names()
    {
        const string Before = "microvm@";
        const string After = ".service.d";
        return !Directory.Exists(directory)
            ? []
            : [.. Directory.EnumerateDirectories(directory, $"{Before}*{After}")
                .Where(path => System.IO.File.Exists(Path.Combine(path, File)))
                .Select(path => Path.GetFileName(path)[Before.Length..^After.Length])
                .Where(Rules.IsName).Order(StringComparer.Ordinal)];
    }
}
