namespace Blixard.Systemd.MicroVms;

/// <summary>
/// The state directory of microvm.nix: <c>ROOT/NAME/current</c> is a VM's runner, <c>ROOT/NAME/booted</c> the one that
/// was started, and <c>share/microvm</c> below either says what it is made of. This is how a VM is known that does not
/// run: systemd has no inactive instance of a template in memory, nor on disk.
/// </summary>
public sealed class MicroVmDirectory(string root = MicroVmDirectory.DefaultRoot)
{
    public const string DefaultRoot = "/var/lib/microvms";

    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>All VMs that are laid out. A host without the directory has none.</summary>
    public DefinedVms List()
    {
        var vms = new List<DefinedVm>();
        var problems = new List<string>();
        foreach (var (name, directory) in Entries(problems))
        {
            if (RunnerLinks.Read(directory) is { } links)
            {
                vms.Add(RunnerFacts.Read(name, directory, links, problems));
            }
        }

        return new(vms, problems);
    }

    /// <summary>One VM; null if it is not laid out here.</summary>
    /// <exception cref="ArgumentException">The name is not a VM's.</exception>
    public DefinedVm? Find(string vmName)
    {
        MicroVmUnits.ThrowIfInvalid(vmName);
        return At(vmName, Path.Combine(Root, vmName));
    }

    /// <summary>A VM whose directory lies elsewhere, as a user's does; null if it is not laid out there.</summary>
    /// <exception cref="ArgumentException">The name is not a VM's.</exception>
    public static DefinedVm? At(string vmName, string directory)
    {
        MicroVmUnits.ThrowIfInvalid(vmName);
        return RunnerLinks.Read(directory) is { } links ? RunnerFacts.Read(vmName, directory, links, []) : null;
    }

    /// <summary>
    /// What has changed since: two links per VM are read, and only where one of them leads elsewhere the rest. No unit
    /// tells when <c>microvm -u</c> or <c>nixos-rebuild</c> changes <c>current</c>.
    /// </summary>
    /// <param name="known">By name; those outside of <see cref="Root"/> are looked at where they lie.</param>
    public DefinitionChanges Changes(IReadOnlyCollection<DefinedVm> known)
    {
        var left = known.ToDictionary(vm => vm.Name, StringComparer.Ordinal);
        var changed = new List<DefinedVm>();
        var gone = new List<string>();
        var problems = new List<string>();
        var here = Entries(problems);

        // A directory that can't be read at this moment has lost none of its VMs.
        var readable = problems.Count == 0 || here.Count > 0;
        foreach (var (name, directory) in here)
        {
            left.TryGetValue(name, out var was);
            if (was is not null && was.Directory != directory)
            {
                continue;
            }

            left.Remove(name);
            Compare(name, directory, was);
        }

        foreach (var vm in left.Values)
        {
            if (Path.GetDirectoryName(vm.Directory) != Root)
            {
                Compare(vm.Name, vm.Directory, vm);
            }
            else if (readable)
            {
                gone.Add(vm.Name);
            }
        }

        return new(changed, gone, problems);

        void Compare(string name, string directory, DefinedVm? was)
        {
            switch (RunnerLinks.Read(directory))
            {
                case null when was is not null:
                    gone.Add(name);
                    break;
                case { } links when was is null || !links.AreOf(was):
                    changed.Add(RunnerFacts.Read(name, directory, links, problems));
                    break;
            }
        }
    }

    /// <summary>What could be a VM's directory, in order.</summary>
    private List<(string Name, string Directory)> Entries(List<string> problems)
    {
        var entries = new List<(string, string)>();
        try
        {
            foreach (var directory in Directory.GetDirectories(Root))
            {
                var name = Path.GetFileName(directory);
                if (name.StartsWith('.'))
                {
                    continue;
                }

                if (MicroVmUnits.WhyInvalid(name) is not { } reason)
                {
                    entries.Add((name, directory));
                }
                else if (RunnerLinks.Read(directory) is not null)
                {
                    problems.Add(reason);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{Root} cannot be read: {e.Message}");
            return [];
        }

        entries.Sort(static (one, other) => string.CompareOrdinal(one.Item1, other.Item1));
        return entries;
    }
}
