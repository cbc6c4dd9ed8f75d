namespace Blixard.Systemd.Cgroups;

/// <summary>
/// Counts what could be read but not understood. Shared by the readers of a host: one value that is wrong costs that
/// value, never the loop.
/// </summary>
public sealed class ReadErrors
{
    private long _malformed;

    /// <summary>Files whose content was not of the expected format, since the start.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>The last such file; null if there was none.</summary>
    public string? LastFile { get; private set; }

    internal void Add(string file)
    {
        Interlocked.Increment(ref _malformed);
        LastFile = file;
    }
}
