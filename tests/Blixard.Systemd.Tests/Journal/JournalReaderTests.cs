using Blixard.Systemd.Journal;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Journal;

/// <summary>What needs no journald; lines are read in <c>RealSystemd</c>.</summary>
public sealed class JournalReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_empty_journal_has_no_lines()
    {
        using var journal = JournalReader.OpenDirectory(_directory.Path);

        var page = await journal.ReadAsync(
            new("a.service") { MaxPriority = 3, Since = DateTimeOffset.UnixEpoch }, Token);

        Assert.Equal(new(0, true, 0, null), (page.Count, page.CountIsComplete, page.Unreadable, page.Cursor));
        Assert.Empty(page.Lines);
    }

    [Fact]
    public void A_directory_that_is_missing_is_said_with_its_name()
    {
        var missing = _directory.Combine("missing");
        var unavailable = Assert.Throws<JournalUnavailableException>(() => JournalReader.OpenDirectory(missing));
        Assert.Contains(missing, unavailable.Message, StringComparison.Ordinal);
        Assert.Contains("ENOENT", unavailable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_without_sense_is_refused()
    {
        using var journal = JournalReader.OpenDirectory(_directory.Path);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => journal.ReadAsync(new("no unit"), Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => journal.ReadAsync(new("a.service") { MaxPriority = 8 }, Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => journal.ReadAsync(new("a.service") { Limit = -1 }, Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => journal.ReadAsync(new("a.service") { After = "not a cursor" }, Token));
    }

    [Fact]
    public async Task After_disposal_nothing_is_read()
    {
        var journal = JournalReader.OpenDirectory(_directory.Path);
        journal.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => journal.ReadAsync(new("a.service"), Token));
    }
}
