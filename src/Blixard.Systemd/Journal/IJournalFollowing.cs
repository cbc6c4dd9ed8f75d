using System.Threading.Channels;

namespace Blixard.Systemd.Journal;

/// <summary>Follows the lines of units as they are written.</summary>
public interface IJournalFollowing
{
    /// <summary>
    /// The newest lines, at most the query's limit, or with <see cref="JournalQuery.After"/> all after it; then every line
    /// that is written, a third of a second or so after it was: that is how journald tells of them.
    /// </summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be opened.</exception>
    /// <exception cref="ArgumentException">The query names no unit, or its cursor is not one.</exception>
    IJournalFollower Follow(JournalQuery query);
}

/// <summary>Lines as they come, until it is disposed of.</summary>
public interface IJournalFollower : IAsyncDisposable
{
    /// <summary>Ends with a <see cref="JournalUnavailableException"/> if the journal can't be read any more.</summary>
    ChannelReader<FollowedJournal> Events { get; }
}

/// <summary>What a follower is told.</summary>
public abstract record FollowedJournal
{
    private protected FollowedJournal()
    {
    }
}

/// <summary>A line, oldest first.</summary>
public sealed record FollowedLine(JournalLine Line) : FollowedJournal;

/// <summary>Lines that were left out here because the reader was too slow for them.</summary>
/// <param name="Lines">How many.</param>
public sealed record LinesLeftOut(int Lines) : FollowedJournal;

/// <summary>Entries that were passed over here because the journal's file is damaged.</summary>
/// <param name="Lines">How many.</param>
public sealed record LinesDamaged(int Lines) : FollowedJournal;
