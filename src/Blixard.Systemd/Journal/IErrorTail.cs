namespace Blixard.Systemd.Journal;

/// <summary>
/// The lines of priority err or worse about any unit of a host, read once and in order: one reader for all units, however
/// many there are.
/// </summary>
public interface IErrorTail : IDisposable
{
    /// <summary>
    /// What has come since the last call. The first call begins with the newest lines that are there already. Looks at a
    /// bounded number of lines; where more have come than that, the oldest are passed over, and it is said so.
    /// </summary>
    /// <param name="atMost">Lines to look at.</param>
    /// <param name="since">Lines older than this are not missed where the first call passes over them.</param>
    /// <param name="cancellationToken">Looked at between two lines.</param>
    /// <exception cref="JournalUnavailableException">The journal cannot be read; another tail may be opened.</exception>
    ErrorBatch Read(int atMost, DateTimeOffset since, CancellationToken cancellationToken);
}

/// <summary>A line about a unit.</summary>
/// <param name="UserId">The user in whose manager the unit is; null: the system's.</param>
/// <param name="Priority">0 emerg to 3 err.</param>
/// <param name="Message">At most 4 KiB of it; bytes that are not UTF-8 are replaced.</param>
public sealed record UnitErrorLine(string Unit, uint? UserId, DateTimeOffset Time, int Priority, string Message);

/// <summary>What a look at the journal gave.</summary>
/// <param name="Lines">Oldest first; lines about no unit, or about one that is not asked for, are not among them.</param>
/// <param name="Looked">At how many lines, those included.</param>
/// <param name="PassedOver">There were lines before these that nobody looked at.</param>
public sealed record ErrorBatch(IReadOnlyList<UnitErrorLine> Lines, bool PassedOver, int Looked)
{
    public static ErrorBatch Nothing { get; } = new([], PassedOver: false, Looked: 0);
}
