using System.Text;
using Blixard.Systemd.Network;

namespace Blixard.Systemd.MicroVms;

/// <summary>
/// The state directory of microvm.nix: <c>ROOT/NAME/current</c> is a VM's runner, <c>ROOT/NAME/booted</c> the one that
/// was started, and <c>share/microvm</c> below either says what it is made of. This is how a VM is known that does not
/// run: systemd has no inactive instance of a template in memory, nor on disk.
/// </summary>
public sealed class MicroVmDirectory(string root = MicroVmDirectory.DefaultRoot)
{
    public const string DefaultRoot = "/var/lib/microvms";

    // These files hold a word or a few names; whatever is larger is not one of them.
    private const int MaxFactBytes = 16 * 1024;

    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>All VMs that are laid out. A host without the directory has none.</summary>
    public DefinedVms List()
    {
        var vms = new List<DefinedVm>();
        var problems = new List<string>();
        string[] directories;
        try
        {
            directories = Directory.GetDirectories(Root);
        }
        catch (DirectoryNotFoundException)
        {
            return new([], []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new([], [$"{Root} cannot be read: {e.Message}"]);
        }

        Array.Sort(directories, StringComparer.Ordinal);
        foreach (var directory in directories)
        {
            var name = Path.GetFileName(directory);
            if (name.StartsWith('.') || !Exists(Path.Combine(directory, "current")))
            {
                continue;
            }

            if (MicroVmUnits.WhyInvalid(name) is { } reason)
            {
                problems.Add(reason);
                continue;
            }

            vms.Add(Read(name, directory, problems));
        }

        return new(vms, problems);
    }

    /// <summary>One VM; null if it is not laid out here.</summary>
    /// <exception cref="ArgumentException">The name is not a VM's.</exception>
    public DefinedVm? Find(string vmName)
    {
        MicroVmUnits.ThrowIfInvalid(vmName);
        var directory = Path.Combine(Root, vmName);
        return Exists(Path.Combine(directory, "current")) ? Read(vmName, directory, []) : null;
    }

    private static DefinedVm Read(string name, string directory, List<string> problems)
    {
        var booted = Exists(Path.Combine(directory, "booted"));
        var facts = Path.Combine(directory, booted ? "booted" : "current", "share", "microvm");
        var hypervisor = ReadFact(Path.Combine(facts, "hypervisor"), problems)?.Trim();
        var taps = new List<string>();
        foreach (var line in (ReadFact(Path.Combine(facts, "tap-interfaces"), problems) ?? "").Split('\n'))
        {
            var tap = line.Trim();
            if (tap.Length == 0)
            {
                continue;
            }

            if (InterfaceNames.IsValid(tap))
            {
                taps.Add(tap);
            }
            else
            {
                problems.Add($"{facts}/tap-interfaces names '{tap}', which cannot be an interface.");
            }
        }

        return new(name, directory, booted, string.IsNullOrEmpty(hypervisor) ? null : hypervisor, taps);
    }

    private static string? ReadFact(string path, List<string> problems)
    {
        try
        {
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[MaxFactBytes];
            var length = RandomAccess.Read(file, buffer, 0);
            if (length == buffer.Length)
            {
                problems.Add($"{path} is larger than {MaxFactBytes} bytes and is ignored.");
                return null;
            }

            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{path} cannot be read: {e.Message}");
            return null;
        }
    }

    // The link itself counts, not what it points to: a runner on a store that is not mounted yet is still a VM's.
    private static bool Exists(string path) => Directory.Exists(path) || new FileInfo(path).LinkTarget is not null;
}
