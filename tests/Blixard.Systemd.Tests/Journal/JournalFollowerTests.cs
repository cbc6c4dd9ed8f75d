using Blixard.Systemd.Journal;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Journal;

/// <summary>What needs no journald; lines are followed in <c>RealSystemd</c>.</summary>
public sealed class JournalFollowerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_empty_journal_is_followed_and_left()
    {
        using var journal = JournalReader.OpenDirectory(_directory.Path);

        var follower = journal.Follow(new("a.service"));
        Assert.False(follower.Events.TryRead(out _));
        await follower.DisposeAsync();

        Assert.False(await follower.Events.WaitToReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_query_without_sense_is_refused_before_anything_is_followed()
    {
        using var journal = JournalReader.OpenDirectory(_directory.Path);
        Assert.ThrowsAny<ArgumentException>(() => journal.Follow(new("no unit")));
        Assert.ThrowsAny<ArgumentException>(() => journal.Follow(new("a.service") { Limit = -1 }));
        Assert.ThrowsAny<ArgumentException>(() => journal.Follow(new("a.service") { After = "not a cursor" }));
    }

    [Fact]
    public void A_journal_whose_files_cannot_be_opened_is_unavailable_and_not_empty()
    {
        File.WriteAllText(_directory.Combine("system.journal"), "LPKSHHRH and then nothing of sense");
        using var journal = JournalReader.OpenDirectory(_directory.Path);

        var read = Assert.Throws<JournalUnavailableException>(
            () => journal.Read(new("a.service"), TestContext.Current.CancellationToken));
        var followed = Assert.Throws<JournalUnavailableException>(() => journal.Follow(new("a.service")));

        Assert.Contains(_directory.Path, read.Message, StringComparison.Ordinal);
        Assert.Contains("no file of it can be opened", followed.Message, StringComparison.Ordinal);
    }
}
