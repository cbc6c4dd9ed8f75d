using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Blixard.Systemd.Native;
using Blixard.Systemd.Network;

namespace Blixard.Systemd.MicroVms;

/// <summary>
/// Reads <c>share/microvm</c> of a runner. The directory is its VM's to write, and what is read here is shown to the
/// whole cluster: nothing is passed on that is not what the file should hold.
/// </summary>
internal static class RunnerFacts
{
    // These files hold a word or a few names; whatever is larger is not one of them.
    private const int MaxFactBytes = 16 * 1024;

    private const int MaxWordLength = 32;

    private const int MaxInterfaces = 32;

    public static DefinedVm Read(string name, string directory, RunnerLinks links, List<string> problems)
    {
        var facts = Path.Combine(directory, links.HasBooted ? "booted" : "current", "share", "microvm");
        return new(
            name,
            directory,
            links.HasBooted,
            Word(Path.Combine(facts, "hypervisor"), problems),
            Interfaces(Path.Combine(facts, "tap-interfaces"), problems))
        {
            MacvtapInterfaces = Interfaces(Path.Combine(facts, "macvtap-interfaces"), problems),
            VsockCid = Number(Path.Combine(facts, "vsock-cid"), problems),
            BootedRunner = links.Booted,
            CurrentRunner = links.Current,
        };
    }

    private static string? Word(string path, List<string> problems)
    {
        var text = Content(path, problems)?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (text.Length <= MaxWordLength && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')
            && text[0] != '-')
        {
            return text;
        }

        problems.Add($"{path} holds no name of a hypervisor.");
        return null;
    }

    private static uint? Number(string path, List<string> problems)
    {
        var text = Content(path, problems)?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        problems.Add($"{path} holds no number.");
        return null;
    }

    private static List<string> Interfaces(string path, List<string> problems)
    {
        var names = new List<string>();
        foreach (var line in (Content(path, problems) ?? "").Split('\n'))
        {
            var name = line.Trim();
            if (name.Length == 0)
            {
                continue;
            }

            if (InterfaceNames.IsValid(name) && names.Count < MaxInterfaces)
            {
                names.Add(name);
            }
            else
            {
                problems.Add(names.Count == MaxInterfaces
                    ? $"{path} names more than {MaxInterfaces} interfaces."
                    : $"{path} names '{Shown(name)}', which cannot be an interface.");
            }
        }

        return names;
    }

    // A file that a VM leads elsewhere does not come into a log by it.
    private static string Shown(string text) =>
        string.Concat((text.Length > 20 ? text[..20] + "..." : text).Select(c => char.IsControl(c) ? '?' : c));

    /// <summary>
    /// Never waits, whatever is in the file's place: the reader is the one that keeps this host's view.
    /// </summary>
    private static string? Content(string path, List<string> problems)
    {
        using var file = LibC.open(path, LibC.ReadWithoutWaiting);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is not (Errno.ENOENT or Errno.ENOTDIR))
            {
                problems.Add($"{path} cannot be read: {Errno.Describe(error)}");
            }

            return null;
        }

        try
        {
            var buffer = new byte[MaxFactBytes];
            var length = RandomAccess.Read(file, buffer, 0);
            if (length == buffer.Length)
            {
                problems.Add($"{path} is larger than {MaxFactBytes} bytes and is ignored.");
                return null;
            }

            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problems.Add($"{path} cannot be read: {e.Message}");
            return null;
        }
    }
}
