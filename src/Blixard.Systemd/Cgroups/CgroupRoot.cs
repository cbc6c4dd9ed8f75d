using System.Text;

namespace Blixard.Systemd.Cgroups;

/// <summary>
/// Where the cgroup v2 hierarchy is mounted: <c>/sys/fs/cgroup</c> as a rule, <c>/sys/fs/cgroup/unified</c> on a host
/// that still has v1 beside it.
/// </summary>
/// <param name="Path">The mount point.</param>
public sealed record CgroupRoot(string Path)
{
    private const string Preferred = "/sys/fs/cgroup";

    /// <summary>The mount of this process's mount namespace; null if cgroup v2 is not mounted.</summary>
    public static CgroupRoot? Discover(string mountsFile = "/proc/self/mounts")
    {
        string? found = null;
        foreach (var line in File.ReadLines(mountsFile))
        {
            // device mount-point type options dump pass
            var fields = line.Split(' ');
            if (fields.Length < 3 || fields[2] != "cgroup2")
            {
                continue;
            }

            var path = Unescape(fields[1]);
            if (path == Preferred)
            {
                return new(path);
            }

            found ??= path;
        }

        return found is null ? null : new(found);
    }

    /// <summary>The directory of a unit's ControlGroup, as D-Bus gives it.</summary>
    /// <exception cref="ArgumentException">It is not an absolute path below the root.</exception>
    public string DirectoryOf(string controlGroup)
    {
        ArgumentException.ThrowIfNullOrEmpty(controlGroup);
        if (controlGroup[0] != '/' || controlGroup.Split('/').Contains(".."))
        {
            throw new ArgumentException(
                $"'{controlGroup}' is not a control group: it must be absolute, without '..'.", nameof(controlGroup));
        }

        return Path + controlGroup.TrimEnd('/');
    }

    /// <summary>
    /// Whether any process is in the cgroup or below it (cgroup v2, <c>cgroup.events</c>), asked of the kernel now. True
    /// also where that can't be told: only "populated 0", or that there is no such cgroup, is a no.
    /// </summary>
    /// <exception cref="ArgumentException">It is not an absolute path below the root.</exception>
    public bool IsPopulated(string controlGroup)
    {
        var directory = DirectoryOf(controlGroup);
        try
        {
            return !File.ReadAllLines(directory + "/cgroup.events").Contains("populated 0", StringComparer.Ordinal);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Directory.Exists(directory) || !Directory.Exists(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Where systemd puts a unit's processes: <c>a-b.slice</c> lies in <c>a.slice</c> (systemd.slice(5)).</summary>
    public static string ControlGroupOf(string slice, string unit)
    {
        ArgumentNullException.ThrowIfNull(slice);
        ArgumentException.ThrowIfNullOrEmpty(unit);
        var path = new StringBuilder();
        if (slice is not ("" or "-.slice"))
        {
            for (var dash = slice.IndexOf('-', StringComparison.Ordinal); dash >= 0; dash = slice.IndexOf('-', dash + 1))
            {
                path.Append('/').Append(slice, 0, dash).Append(".slice");
            }

            path.Append('/').Append(slice);
        }

        return path.Append('/').Append(unit).ToString();
    }

    /// <summary>proc(5) writes space, tab, line feed and backslash as three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\'
                && i + 3 < field.Length
                && field.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)(((field[i + 1] - '0') * 64) + ((field[i + 2] - '0') * 8) + (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
