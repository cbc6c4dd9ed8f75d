using System.Globalization;
using System.Text;
using Blixard.Node.Identity;

namespace Blixard.Node.Fencing;

/// <summary>Where the gate looks (docs/decisions/0021-the-fence-on-the-host.md).</summary>
/// <param name="Run">Gone with each boot.</param>
/// <param name="Kept">On disk, and readable by every user: the gate runs as the VM's.</param>
internal sealed record GatePaths(string Run = "/run/blixard", string Kept = "/var/lib/blixard-gate")
{
    public string Lease => Path.Combine(Run, "lease");

    /// <summary>Removed by the fence in place of the lease when it is only tried.</summary>
    public string Canary => Path.Combine(Run, "canary");

    /// <summary>That the fence was tried in this boot.</summary>
    public string Tried => Path.Combine(Run, "tried");

    /// <summary>Of strict and manual VMs, for this boot.</summary>
    public string BootGrants => Path.Combine(Run, "grants");

    /// <summary>Of VMs that never move.</summary>
    public string KeptGrants => Path.Combine(Kept, "grants");

    public string Tombstones => Path.Combine(Kept, "tombstones");

    public string Managed => Path.Combine(Kept, "managed");
}

/// <summary>
/// The files that the gate reads: a first line with what they are and the version of the format, then a word and its
/// value in each line, then <c>end</c>. Each is replaced as a whole.
/// </summary>
internal static class GateFiles
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode DirectoryMode =
        Mode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Whole or not there at all times, readable by all, and on the disk when this returns.</summary>
    public static void Replace(string path, string content)
    {
        // No VM has a name that begins with a dot.
        var beside = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new");
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.None,
        };
        using (var file = new FileStream(beside, options))
        {
            // Whatever the umask is.
            File.SetUnixFileMode(file.SafeFileHandle, Mode);
            file.Write(Encoding.ASCII.GetBytes(content));
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
        DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Gone for good when this returns; one that is not there is no error.</summary>
    public static void Remove(string path)
    {
        File.Delete(path);
        DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>The directories that a package makes (tmpfiles.d), where it has not.</summary>
    public static void EnsureDirectories(GatePaths paths)
    {
        foreach (var directory in (string[])[paths.BootGrants, paths.KeptGrants, paths.Tombstones])
        {
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, DirectoryMode);
        }

        File.SetUnixFileMode(paths.Run, DirectoryMode);
        File.SetUnixFileMode(paths.Kept, DirectoryMode);
    }

    public static string Format(string kind, params IEnumerable<(string Key, string Value)> fields) =>
        $"{kind} 1\n{string.Concat(fields.Select(field => $"{field.Key} {field.Value}\n"))}end\n";

    public static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// The fields of a whole file of that kind; null if there is none, or one that the gate would refuse.
    /// </summary>
    public static IReadOnlyDictionary<string, string>? Read(string path, string kind)
    {
        string content;
        try
        {
            content = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var lines = content.Split('\n');
        if (lines.Length < 3 || lines[0] != $"{kind} 1" || lines[^2] != "end" || lines[^1].Length > 0)
        {
            return null;
        }

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines[1..^2])
        {
            if (line.Split(' ') is not [{ Length: > 0 } key, { Length: > 0 } value] || !fields.TryAdd(key, value))
            {
                return null;
            }
        }

        return fields;
    }

    public static bool TryNumber(
        this IReadOnlyDictionary<string, string> fields, string key, out ulong value)
    {
        value = 0;
        return fields.TryGetValue(key, out var text)
            && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
