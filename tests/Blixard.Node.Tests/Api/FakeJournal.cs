using System.Collections.Immutable;
using System.Globalization;
using System.Threading.Channels;
using Blixard.Systemd;
using Blixard.Systemd.Journal;

namespace Blixard.Node.Tests.Api;

/// <summary>A journal in memory, of one host: its units' lines, and followers that are told of new ones.</summary>
internal sealed class FakeJournal : IJournal, IJournalFollowing
{
    private readonly List<(string Unit, JournalLine Line)> _lines = [];

    // Replaced, never changed: readers come and go while a test writes.
    private ImmutableList<Follower> _followers = [];

    /// <summary>Every query that was asked.</summary>
    public List<JournalQuery> Queries { get; } = [];

    /// <summary>Set: it can't be read.</summary>
    public string? Broken { get; set; }

    public int Unreadable { get; set; }

    public int Followers => _followers.Count;

    public void Write(string unit, string message, int? priority = 6)
    {
        var number = _lines.Count + 1;
        var line = new JournalLine(
            FakeTime.Start.AddSeconds(number), priority, "microvm-run", 4242, message, string.Create(
                CultureInfo.InvariantCulture, $"s=1;i={number}"));
        _lines.Add((unit, line));
        Tell(new FollowedLine(line));
    }

    public void Tell(FollowedJournal said) => _followers.ForEach(follower => follower.Tell(said));

    public void Break(string reason) => _followers.ForEach(follower => follower.Break(reason));

    public Task<JournalPage> ReadAsync(JournalQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(Page(query));

    public IJournalFollower Follow(JournalQuery query)
    {
        var page = Page(query);
        var follower = new Follower(this);
        foreach (var line in page.Lines)
        {
            follower.Tell(new FollowedLine(line));
        }

        ImmutableInterlocked.Update(ref _followers, followers => followers.Add(follower));
        return follower;
    }

    private JournalPage Page(JournalQuery query)
    {
        Queries.Add(query);
        if (Broken is { } reason)
        {
            throw new JournalUnavailableException(reason);
        }

        var wanted = _lines
            .Where(line => line.Unit == query.Unit)
            .Select(line => line.Line)
            .Where(line => query.MaxPriority is null || line.Priority <= query.MaxPriority)
            .Where(line => query.Since is null || line.Time >= query.Since);
        if (query.After is { } cursor)
        {
            wanted = cursor.Contains('=', StringComparison.Ordinal)
                ? wanted.SkipWhile(line => line.Cursor != cursor).Skip(1)
                : throw new ArgumentException($"'{cursor}' is not a journal cursor.");
        }

        JournalLine[] lines = [.. wanted];
        return new(
            query.After is null ? lines[^Math.Min(query.Limit, lines.Length)..] : [.. lines.Take(query.Limit)],
            lines.Length,
            true,
            Unreadable);
    }

    private sealed class Follower(FakeJournal journal) : IJournalFollower
    {
        private readonly Channel<FollowedJournal> _events = Channel.CreateUnbounded<FollowedJournal>();

        public ChannelReader<FollowedJournal> Events => _events.Reader;

        public void Tell(FollowedJournal said) => _events.Writer.TryWrite(said);

        public void Break(string reason) => _events.Writer.Complete(new JournalUnavailableException(reason));

        public ValueTask DisposeAsync()
        {
            ImmutableInterlocked.Update(ref journal._followers, followers => followers.Remove(this));
            return ValueTask.CompletedTask;
        }
    }
}
