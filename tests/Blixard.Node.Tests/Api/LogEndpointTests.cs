using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.Systemd.Journal;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

public class LogEndpointTests
{
    private const string Unit = "microvm@web1.service";

    [Fact]
    public async Task The_newest_lines_of_the_vms_unit_come_oldest_first_a_record_per_line()
    {
        await using var host = await HostAsync();
        host.Journal.Write(Unit, "booting");
        host.Journal.Write("microvm@web2.service", "not mine");
        host.Journal.Write(Unit, "I/O error", priority: 3);
        host.Journal.Write(Unit, "up", priority: null);

        using var answer = await host.GetAsync("/v1/vms/web1/logs?n=2");
        var records = await RecordsAsync(answer);

        Assert.Equal(ApiRoutes.EventsMediaType, answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["I/O error", "up"], records.Select(record => record.Message ?? "none"));
        var error = records[0];
        Assert.Equal((LogRecordType.Line, 3, "microvm-run", 4242), (error.Type, error.Priority, error.Identifier, error.Pid));
        Assert.Equal((FakeTime.Start.AddSeconds(3), "s=1;i=3"), (error.Time, error.Cursor));
        Assert.Null(records[1].Priority);
        Assert.Equal(Unit, host.Journal.Queries.Single().Unit);
    }

    [Fact]
    public async Task Priority_since_and_cursor_choose_among_the_lines()
    {
        await using var host = await HostAsync();
        host.Journal.Write(Unit, "one", priority: 3);
        host.Journal.Write(Unit, "two");
        host.Journal.Write(Unit, "three", priority: 4);

        Assert.Equal(["one"], await MessagesAsync(host, "priority=err"));
        Assert.Equal(["one", "three"], await MessagesAsync(host, "priority=4"));
        Assert.Equal(["two", "three"], await MessagesAsync(host, "after=s%3D1%3Bi%3D1"));
        Assert.Equal(["two"], await MessagesAsync(host, "after=s%3D1%3Bi%3D1&n=1"));
        Assert.Equal(["three"], await MessagesAsync(host, $"since={FakeTime.Start.AddSeconds(3):yyyy-MM-ddTHH:mm:ss.fffZ}"));
        Assert.Empty(await MessagesAsync(host, "n=0"));
        host.Time.Advance(TimeSpan.FromSeconds(62));
        Assert.Equal(["two", "three"], await MessagesAsync(host, "since=1m"));
    }

    [Theory]
    [InlineData("n=-1", "n=-1")]
    [InlineData("n=10001", "0 to 10000")]
    [InlineData("n=ten", "n=ten")]
    [InlineData("since=yesterday", "since=yesterday")]
    [InlineData("since=5", "since=5")]
    [InlineData("priority=8", "priority=8")]
    [InlineData("priority=error", "priority=error")]
    [InlineData("follow=maybe", "follow=maybe")]
    [InlineData("after=nonsense", "nonsense")]
    [InlineData("after=nonsense&follow=true", "nonsense")]
    [InlineData("node=n3", "not defined on node n3")]
    [InlineData("lines=5", "lines")]
    [InlineData("n=1&n=2", "2 times")]
    public async Task A_value_that_is_wrong_is_refused_by_name(string query, string named)
    {
        await using var host = await HostAsync();

        using var answer = await host.GetAsync($"/v1/vms/web1/logs?{query}");

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
        Assert.Contains(named, problem.Detail);
    }

    [Fact]
    public async Task A_vm_that_is_not_known_is_not_found()
    {
        await using var host = await HostAsync();
        using var answer = await host.GetAsync("/v1/vms/web9/logs");
        await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_read_is_a_problem_that_says_why()
    {
        await using var host = await HostAsync();
        host.Journal.Broken = "Cannot read the system's journal: no file of it can be opened.";

        using var read = await host.GetAsync("/v1/vms/web1/logs");
        using var followed = await host.GetAsync("/v1/vms/web1/logs?follow=true");

        foreach (var answer in new[] { read, followed })
        {
            var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.JournalUnavailable, 503);
            Assert.Contains("The journal of n1", problem.Detail);
            Assert.Contains("no file of it can be opened", problem.Detail);
        }
    }

    [Fact]
    public async Task Damaged_entries_are_told_as_a_gap()
    {
        await using var host = await HostAsync();
        host.Journal.Write(Unit, "left");
        host.Journal.Unreadable = 3;

        using var answer = await host.GetAsync("/v1/vms/web1/logs");
        var records = await RecordsAsync(answer);

        Assert.Equal((LogRecordType.Gap, 3), (records[0].Type, records[0].Lines));
        Assert.Contains("damaged", records[0].Reason);
        Assert.Equal("left", records[1].Message);
    }

    [Fact]
    public async Task Following_goes_on_with_new_lines_gaps_and_empty_lines_until_the_reader_leaves()
    {
        await using var host = await HostAsync();
        host.Journal.Write(Unit, "before");
        using (var log = await FollowAsync(host, "?follow=true&n=10"))
        {
            Assert.Equal("before", (await NextAsync(log)).Message);
            await host.Time.SomebodyWaitsAsync(new ApiLimits().KeepAlive);
            host.Time.Advance(new ApiLimits().KeepAlive);
            Assert.Equal("", await log.LineAsync());
            host.Journal.Write(Unit, "after");
            Assert.Equal("after", (await NextAsync(log)).Message);
            host.Journal.Tell(new LinesLeftOut(7));
            var gap = await NextAsync(log);
            Assert.Equal((LogRecordType.Gap, 7), (gap.Type, gap.Lines));
            Assert.Contains("too slow", gap.Reason);
            Assert.Equal(1, host.Journal.Followers);
        }

        while (host.Journal.Followers > 0)
        {
            // The next thing to write is where a reader who left is noticed.
            host.Journal.Write(Unit, "to nobody");
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_journal_that_breaks_while_it_is_followed_ends_the_stream_with_the_reason()
    {
        await using var host = await HostAsync();
        using var log = await FollowAsync(host, "?follow=true");

        host.Journal.Break("Cannot read the journal: EIO");
        var last = await NextAsync(log);

        Assert.Equal((LogRecordType.Gap, "Cannot read the journal: EIO"), (last.Type, last.Reason));
        Assert.Null(await log.LineAsync());
    }

    [Fact]
    public async Task A_node_that_stops_ends_its_streams_after_a_whole_line()
    {
        await using var host = await HostAsync();
        using var log = await FollowAsync(host, "?follow=true");
        await host.StopAsync();
        Assert.Null(await log.LineAsync());
    }

    [Fact]
    public async Task Too_many_readers_of_one_journal_are_refused()
    {
        await using var host = await HostAsync(new ApiLimits { MaxLogStreams = 1 });
        using var log = await FollowAsync(host, "?follow=true");
        using var answer = await host.GetAsync("/v1/vms/web1/logs");
        await ApiHost.ProblemAsync(answer, ProblemTypes.Overloaded, 503);
    }

    [Fact]
    public async Task A_user_unit_is_looked_for_among_the_units_of_its_user()
    {
        await using var host = await HostAsync();
        host.Report("n1", new StateMachine.Commands.VmObservation
        {
            Vm = "web1",
            Unit = "microvm-web1.service",
            UserService = true,
            State = VmState.Running,
        });
        host.Agent.Users["web1"] = 1001;
        host.Journal.Write("microvm-web1.service", "of a user");

        Assert.Equal(["of a user"], await MessagesAsync(host, ""));
        Assert.Equal((true, 1001u), (host.Journal.Queries.Single().UserUnit, host.Journal.Queries.Single().UserId));
    }

    [Fact]
    public async Task Through_another_node_the_lines_come_from_the_node_that_has_the_vm()
    {
        await using var owner = await ApiHost.StartAsync(name: "n2");
        await using var asked = await ApiHost.StartAsync();
        ApiHost.Introduce("web1", asked, owner);
        asked.Report("n2", ApiHost.Seen("web1", VmState.Running));
        owner.Report("n2", ApiHost.Seen("web1", VmState.Running));

        owner.Journal.Write(Unit, "on n2");
        asked.Journal.Write(Unit, "long ago on n1");

        using var log = await FollowAsync(asked, "?follow=true");
        Assert.Equal("on n2", (await NextAsync(log)).Message);
        owner.Journal.Write(Unit, "and now");
        Assert.Equal("and now", (await NextAsync(log)).Message);
        Assert.Equal(["long ago on n1"], await MessagesAsync(asked, "node=n1"));
        owner.Journal.Broken = "EBADMSG";
        using var broken = await asked.GetAsync("/v1/vms/web1/logs");
        Assert.Contains("n2", (await ApiHost.ProblemAsync(broken, ProblemTypes.JournalUnavailable, 503)).Detail);
        await owner.StopAsync();
        using var gone = await asked.GetAsync("/v1/vms/web1/logs");
        await ApiHost.ProblemAsync(gone, ProblemTypes.NodeUnreachable, 502);
    }

    private static Task<ApiHost> HostAsync(ApiLimits? limits = null) => ApiHost.StartWithVmAsync("web1", limits);

    private static async Task<string[]> MessagesAsync(ApiHost host, string query)
    {
        using var answer = await host.GetAsync($"/v1/vms/web1/logs?{query}");
        return [.. (await RecordsAsync(answer)).Select(record => record.Message ?? "none")];
    }

    private static async Task<LogRecord[]> RecordsAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize(line, ApiJson.Default.LogRecord)!),
        ];
    }

    private static Task<EventReader> FollowAsync(ApiHost host, string query) =>
        EventReader.OpenAsync(host, $"/v1/vms/web1/logs{query}");

    private static async Task<LogRecord> NextAsync(EventReader reader) =>
        JsonSerializer.Deserialize((await reader.LineAsync())!, ApiJson.Default.LogRecord)!;
}
