using System.Runtime.CompilerServices;
using Blixard.Systemd.Journal;

namespace Blixard.Systemd.Tests.RealSystemd;

[Collection(nameof(RealHost))]
public sealed class RealJournalTests : IAsyncDisposable
{
    private readonly SystemdConnection _connection;
    private readonly JournalReader _journal;

    public RealJournalTests()
    {
        RealHost.Require();
        _connection = RealHost.Connect();
        _journal = RealHost.OpenJournal();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _journal.Dispose();
        await _connection.DisposeAsync();
    }

    [Fact]
    public async Task The_errors_of_a_unit_are_counted_and_read()
    {
        var (unit, start) = await StartLoggingAsync();

        var errors = await LinesAsync(new(unit) { MaxPriority = 3, Since = start }, 3);

        Assert.Equal(3, errors.Count);
        Assert.True(errors.CountIsComplete);
        Assert.Equal(
            [
                "I/O error, sector 1",
                "I/O error, sector 2",
                "I/O error, sector 3",
            ],
            errors.Lines.Select(line => line.Message));
        Assert.All(errors.Lines, line => Assert.Equal(3, line.Priority));
        Assert.All(errors.Lines, line => Assert.InRange(line.Time, start, DateTimeOffset.UtcNow));
    }

    [Fact]
    public async Task Without_a_priority_all_lines_of_the_unit_and_those_of_systemd_about_it_are_read()
    {
        var (unit, start) = await StartLoggingAsync();

        var page = await LinesAsync(new(unit) { Since = start }, 4);

        Assert.Contains(page.Lines, line => line.Message == "booting" && line.Pid != 1);
        Assert.Contains(page.Lines, line => line.Pid == 1 && line.Message.Contains(unit, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_of_the_unit_is_found_though_systemd_wrote_of_it()
    {
        var page = await _journal.ReadAsync(new(RealHost.Failing) { MaxPriority = 4 }, Token);
        Assert.Contains(
            page.Lines, line => line.Pid == 1 && line.Message.Contains("exit-code", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_as_many_lines_as_asked_are_returned_the_newest_of_all_that_count()
    {
        var (unit, start) = await StartLoggingAsync();
        await LinesAsync(new(unit) { MaxPriority = 3, Since = start }, 3);

        var page = await _journal.ReadAsync(new(unit) { MaxPriority = 3, Since = start, Limit = 1 }, Token);

        Assert.Equal(3, page.Count);
        Assert.Equal("I/O error, sector 3", Assert.Single(page.Lines).Message);
    }

    [Fact]
    public async Task A_reader_resumes_after_its_cursor()
    {
        var (unit, start) = await StartLoggingAsync();
        var errors = new JournalQuery(unit) { MaxPriority = 3 };
        var first = await LinesAsync(errors with { Since = start }, 3);

        var middle = await _journal.ReadAsync(errors with { After = first.Lines[0].Cursor }, Token);
        var end = await _journal.ReadAsync(errors with { After = first.Cursor }, Token);
        await _connection.Units.RestartAsync(unit, RealHost.Patience, Token);
        var later = await LinesAsync(errors with { After = first.Cursor }, 3);

        Assert.Equal(first.Lines.Skip(1), middle.Lines);
        Assert.Empty(end.Lines);
        Assert.Equal(3, later.Count);
        Assert.Equal("I/O error, sector 1", later.Lines[0].Message);
    }

    [Fact]
    public async Task A_vm_that_logs_errors_has_three_of_them()
    {
        var unit = await _connection.Units.GetUnitAsync(RealHost.Logging, Token);
        var page = await LinesAsync(new(RealHost.Logging) { MaxPriority = 3, Since = unit.ActiveSince }, 3);
        Assert.Equal(3, page.Count);
    }

    [Fact]
    public async Task Another_units_lines_are_not_ours()
    {
        var page = await _journal.ReadAsync(new(RealHost.Idle) { MaxPriority = 3 }, Token);
        Assert.DoesNotContain(page.Lines, line => line.Message.Contains("I/O error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_follower_has_the_newest_lines_and_then_those_that_are_written()
    {
        var (unit, start) = await StartLoggingAsync();
        await LinesAsync(new(unit) { MaxPriority = 3, Since = start }, 3);
        await using var follower = _journal.Follow(new(unit) { MaxPriority = 3, Limit = 1 });

        Assert.Equal("I/O error, sector 3", (await NextAsync(follower)).Message);
        await _connection.Units.RestartAsync(unit, RealHost.Patience, Token);
        string[] messages =
        [
            (await NextAsync(follower)).Message, (await NextAsync(follower)).Message, (await NextAsync(follower)).Message,
        ];

        Assert.Equal(["I/O error, sector 1", "I/O error, sector 2", "I/O error, sector 3"], messages);
    }

    [Fact]
    public async Task A_follower_of_a_unit_without_any_line_has_its_first_one()
    {
        var unit = RealHost.Log(nameof(A_follower_of_a_unit_without_any_line_has_its_first_one));
        await using var follower = _journal.Follow(new(unit) { MaxPriority = 3, Since = DateTimeOffset.UtcNow });

        await _connection.Units.RestartAsync(unit, RealHost.Patience, Token);

        Assert.Equal("I/O error, sector 1", (await NextAsync(follower)).Message);
    }

    [Fact]
    public async Task A_follower_resumes_after_its_cursor()
    {
        var (unit, start) = await StartLoggingAsync();
        var page = await LinesAsync(new(unit) { MaxPriority = 3, Since = start }, 3);

        await using var follower = _journal.Follow(new(unit) { MaxPriority = 3, After = page.Lines[1].Cursor });

        Assert.Equal(page.Lines[2], await NextAsync(follower));
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_of_a_flood_is_told_how_many_lines_it_missed()
    {
        var unit = RealHost.Flood(nameof(A_reader_that_takes_nothing_of_a_flood_is_told_how_many_lines_it_missed));
        await using var follower = _journal.Follow(new(unit) { MaxPriority = 5, Limit = 0, Since = DateTimeOffset.UtcNow });
        await _connection.Units.RestartAsync(unit, RealHost.Patience, Token);

        // The follower has gone over all of it, before anything is taken: whoever begins earlier may keep up with it.
        const int Missed = RealHost.FloodLines - JournalFollower.Buffered;
        var deadline = DateTimeOffset.UtcNow + RealHost.Patience;
        while (((JournalFollower)follower).LeftOut < Missed)
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, $"{((JournalFollower)follower).LeftOut} lines were left out");
            await Task.Delay(20, Token);
        }

        for (var line = 0; line < JournalFollower.Buffered; line++)
        {
            Assert.IsType<FollowedLine>(await TakeAsync(follower));
        }

        Assert.Equal(new LinesLeftOut(Missed), await TakeAsync(follower));
    }

    private static async Task<JournalLine> NextAsync(IJournalFollower follower) =>
        ((FollowedLine)await TakeAsync(follower)).Line;

    private static Task<FollowedJournal> TakeAsync(IJournalFollower follower) =>
        follower.Events.ReadAsync(Token).AsTask().WaitAsync(RealHost.Patience, Token);

    [Fact]
    public async Task The_errors_of_all_units_are_read_once_and_in_order()
    {
        using var tail = RealHost.OpenErrors();
        ReadAll(tail);
        var (unit, _) = await StartLoggingAsync();

        var found = await ErrorsAsync(tail, unit, 3);

        Assert.Equal(
            ["I/O error, sector 1", "I/O error, sector 2", "I/O error, sector 3"], found.Select(line => line.Message));
        Assert.All(found, line => Assert.Equal((3, null), (line.Priority, line.UserId)));
        Assert.DoesNotContain(ReadAll(tail), line => line.Unit == unit);
    }

    [Fact]
    public async Task Of_more_errors_than_are_looked_at_the_newest_are_read_and_it_is_said()
    {
        using var tail = RealHost.OpenErrors();
        ReadAll(tail);
        var (unit, _) = await StartLoggingAsync();
        using (var other = RealHost.OpenErrors())
        {
            await ErrorsAsync(other, unit, 3);
        }

        // Of one look each: it reads one, then finds that more have come than it would ever read, and goes to the end.
        var deadline = DateTimeOffset.UtcNow + RealHost.Patience;
        var looks = new List<ErrorBatch>();
        while (looks is not [.., { Lines: [.., { Message: "I/O error, sector 3" }] }])
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, "the newest line was not read");
            looks.Add(tail.Read(1, DateTimeOffset.UnixEpoch, Token));
            await Task.Delay(20, Token);
        }

        // Between the two there is one that was not looked at; journald gave all three the same time.
        Assert.True(looks[^1].PassedOver);
        Assert.DoesNotContain(looks.SelectMany(look => look.Lines), line => line.Message == "I/O error, sector 2");
    }

    private static List<UnitErrorLine> ReadAll(ErrorTail tail)
    {
        var lines = new List<UnitErrorLine>();
        while (tail.Read(1000, DateTimeOffset.UnixEpoch, Token) is { Lines: { Count: > 0 } found })
        {
            lines.AddRange(found);
        }

        return lines;
    }

    private static async Task<List<UnitErrorLine>> ErrorsAsync(ErrorTail tail, string unit, int count)
    {
        var lines = new List<UnitErrorLine>();
        var deadline = DateTimeOffset.UtcNow + RealHost.Patience;
        while (lines.Count < count)
        {
            lines.AddRange(tail.Read(1000, DateTimeOffset.UnixEpoch, Token).Lines.Where(line => line.Unit == unit));
            Assert.True(DateTimeOffset.UtcNow < deadline, $"{lines.Count} lines instead of {count}");
            await Task.Delay(20, Token);
        }

        return lines;
    }

    private async Task<(string Unit, DateTimeOffset Start)> StartLoggingAsync([CallerMemberName] string test = "")
    {
        var start = DateTimeOffset.UtcNow;
        var unit = RealHost.Log(test);
        await _connection.Units.RestartAsync(unit, RealHost.Patience, Token);
        return (unit, start);
    }

    /// <summary>journald writes a moment after the unit did: asks until there are enough lines.</summary>
    private async Task<JournalPage> LinesAsync(JournalQuery query, int count)
    {
        var deadline = DateTimeOffset.UtcNow + RealHost.Patience;
        while (true)
        {
            var page = await _journal.ReadAsync(query, Token);
            if (page.Count >= count)
            {
                return page;
            }

            Assert.True(DateTimeOffset.UtcNow < deadline, $"{page.Count} lines instead of {count}");
            await Task.Delay(20, Token);
        }
    }
}
