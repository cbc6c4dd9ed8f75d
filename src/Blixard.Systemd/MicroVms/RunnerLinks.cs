namespace Blixard.Systemd.MicroVms;

/// <summary>
/// Where <c>current</c> and <c>booted</c> of a VM's directory lead: a change of its runner is a change of these. The
/// link itself counts, not what it leads to: a runner on a store that is not mounted yet is still a VM's.
/// </summary>
internal readonly record struct RunnerLinks(string? Current, string? Booted, bool HasBooted)
{
    // What a store path never is, and what is refused in a report.
    private const int MaxLength = 512;

    /// <summary>Null if the directory is none of a VM: it has no runner.</summary>
    public static RunnerLinks? Read(string directory)
    {
        var current = Path.Combine(directory, "current");
        var booted = Path.Combine(directory, "booted");
        var (currentRunner, bootedRunner) = (Target(current), Target(booted));
        var hasBooted = bootedRunner is not null || Directory.Exists(booted);
        return currentRunner is not null || Directory.Exists(current)
            ? new(Shown(directory, currentRunner), Shown(directory, bootedRunner), hasBooted)
            : null;
    }

    public bool AreOf(DefinedVm vm) =>
        Current == vm.CurrentRunner && Booted == vm.BootedRunner && HasBooted == vm.Booted;

    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Absolute; null where it is nothing that could be shown.</summary>
    private static string? Shown(string directory, string? target) =>
        target is { Length: > 0 and <= MaxLength } && !target.Any(char.IsControl)
            && Path.GetFullPath(target, directory) is { Length: <= MaxLength } path
                ? path
                : null;
}
