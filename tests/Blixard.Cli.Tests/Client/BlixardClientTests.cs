using Blixard.Cli.Tests.Fakes;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Client;

public class BlixardClientTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_and_unix_sockets_answer_alike(bool unixSocket)
    {
        await using var node = await FakeNode.StartAsync(unixSocket);
        using var client = node.Client();

        var answer = await client.GetVmsAsync(ReadOptions.Linearizable, default);

        Assert.Equal(100ul, answer.Index);
        Assert.Null(answer.LastContact);
        Assert.Equal(["build", "db", "idle", "twin", "web1", "web10"], answer.Value.Select(vm => vm.Name));
    }

    [Fact]
    public async Task Reads_say_how_fresh_they_must_be()
    {
        await using var node = await FakeNode.StartAsync();
        using var client = node.Client();

        await client.GetVmAsync(
            "web1",
            new ReadOptions
            {
                Consistency = Consistency.Stale,
                MinIndex = 7,
                Wait = TimeSpan.FromSeconds(30),
                SeenIndex = 6,
            },
            default);

        Assert.Equal(["GET /v1/vms/web1?consistency=stale&min_index=7&wait=30000ms&index=6"], node.Requests);
    }

    [Fact]
    public async Task A_stale_answer_tells_its_age()
    {
        await using var node = await FakeNode.StartAsync();
        node.LastContact = 2.5;
        using var client = node.Client();

        var answer = await client.GetClusterAsync(ReadOptions.Stale, default);

        Assert.Equal(TimeSpan.FromSeconds(2.5), answer.LastContact);
    }

    [Fact]
    public async Task A_problem_keeps_its_type_and_extensions()
    {
        await using var node = await FakeNode.StartAsync();
        node.AnswerText(
            409,
            "application/problem+json; charset=utf-8",
            """{"type":"urn:blixard:problem:running-elsewhere","title":"t","status":409,"detail":"d","node":"n2"}""");
        using var client = node.Client();

        var failure = await Assert.ThrowsAsync<ProblemException>(() =>
            client.RegisterVmAsync("web1", new RegisterVmRequest { Node = "n1" }, default));

        Assert.True(failure.Is(ProblemTypes.RunningElsewhere));
        Assert.Equal("n2", failure.Problem.Extensions!["node"].GetString());
        Assert.Equal("d", failure.Message);
    }

    [Fact]
    public async Task A_read_without_answer_is_given_up_after_its_timeout()
    {
        await using var node = await FakeNode.StartAsync();
        node.Hang();
        var time = new FakeTime(Samples.Now);
        using var client = node.Client(time);

        var read = client.GetVmsAsync(ReadOptions.Linearizable, default);
        await node.Watched;
        time.Advance(TimeSpan.FromSeconds(15));

        var failure = await Assert.ThrowsAsync<EndpointUnreachableException>(() => read);
        Assert.False(failure.OutcomeUnknown);
        Assert.Equal($"cannot reach blixard-node at {node.Endpoint}: no answer within 15 s", failure.Message);
    }

    [Fact]
    public async Task A_waiting_read_has_its_wait_on_top()
    {
        await using var node = await FakeNode.StartAsync();
        node.Hang();
        var time = new FakeTime(Samples.Now);
        using var client = node.Client(time);

        var read = client.GetVmsAsync(
            new ReadOptions { Wait = TimeSpan.FromSeconds(30), SeenIndex = 1 }, default);
        await node.Watched;
        time.Advance(TimeSpan.FromSeconds(44));
        Assert.False(read.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<EndpointUnreachableException>(() => read);
    }

    [Fact]
    public async Task A_change_without_answer_may_have_been_made()
    {
        await using var node = await FakeNode.StartAsync();
        node.Hang();
        var time = new FakeTime(Samples.Now);
        using var client = node.Client(time);

        var removal = client.RemoveVmAsync("web1", default);
        await node.Watched;
        time.Advance(TimeSpan.FromSeconds(15));

        var failure = await Assert.ThrowsAsync<EndpointUnreachableException>(() => removal);
        Assert.True(failure.OutcomeUnknown);
        Assert.EndsWith("; the change was sent and may yet be applied", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_broke_off_may_have_been_made()
    {
        await using var node = await FakeNode.StartAsync();
        node.Instead = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        using var client = node.Client();

        var failure = await Assert.ThrowsAsync<EndpointUnreachableException>(() =>
            client.RemoveVmAsync("web1", default));

        Assert.True(failure.OutcomeUnknown);
    }

    [Fact]
    public async Task A_change_that_was_never_sent_was_not_made()
    {
        using var client = new BlixardClient(new BlixardClientOptions { Endpoint = Endpoint.Parse("http://127.0.0.1:1") });

        var failure = await Assert.ThrowsAsync<EndpointUnreachableException>(() =>
            client.RemoveVmAsync("web1", default));

        Assert.False(failure.OutcomeUnknown);
    }

    [Fact]
    public async Task The_callers_cancellation_stays_a_cancellation()
    {
        await using var node = await FakeNode.StartAsync();
        node.Hang();
        using var client = node.Client();
        using var cancellation = new CancellationTokenSource();

        var read = client.GetVmsAsync(ReadOptions.Linearizable, cancellation.Token);
        await node.Watched;
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    [InlineData("")]
    [InlineData("a\n")]
    [InlineData("é")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task A_name_that_cannot_be_is_refused_before_a_path_is_made_of_it(string name)
    {
        await using var node = await FakeNode.StartAsync();
        using var client = node.Client();

        var failure = await Assert.ThrowsAsync<ProblemException>(() =>
            client.GetVmAsync(name, ReadOptions.Linearizable, default));

        Assert.True(failure.Is(ProblemTypes.InvalidName));
        Assert.Empty(node.Requests);
    }
}
