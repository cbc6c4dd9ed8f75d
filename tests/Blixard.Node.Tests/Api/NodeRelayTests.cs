using System.Net;
using System.Net.Sockets;
using System.Text;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Blixard.Node.Tests.Api;

/// <summary>Two nodes on real ports: the first passes on what the second has.</summary>
public class NodeRelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_answer_of_the_other_node_comes_through_with_path_query_status_and_type()
    {
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            context.Response.StatusCode = 207;
            context.Response.ContentType = "text/x-trial";
            context.Response.Headers[ApiRoutes.IndexHeader] = "42";
            context.Response.Headers["X-Inside"] = "no business of the client's";
            await context.Response.WriteAsync($"{context.Request.Path}{context.Request.QueryString}");
        });

        using var answer = await two.First.GetAsync("/relayed/n2?metric=cpu&since=1h&odd=%26%20x");

        Assert.Equal(207, (int)answer.StatusCode);
        Assert.Equal("text/x-trial", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("42", answer.Headers.GetValues(ApiRoutes.IndexHeader).Single());
        Assert.False(answer.Headers.Contains("X-Inside"));
        Assert.Equal("/relayed/n2?metric=cpu&since=1h&odd=%26%20x", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_problem_of_the_other_node_is_the_answer()
    {
        await using var two = await TwoNodes.StartAsync(
            _ => throw new ApiException(Problems.VmNotFound("web1")));

        using var answer = await two.First.GetAsync("/relayed/n2");

        await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
    }

    [Fact]
    public async Task A_stream_comes_as_it_is_written_and_ends_with_it()
    {
        var lines = System.Threading.Channels.Channel.CreateUnbounded<string>();
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await foreach (var line in lines.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(line + "\n");
                await context.Response.Body.FlushAsync();
            }
        });
        lines.Writer.TryWrite("one");
        using var answer = await two.First.Http.GetAsync("/relayed/n2", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        Assert.Equal("one", await reader.ReadLineAsync().WaitAsync(Patience));
        lines.Writer.TryWrite("two");
        Assert.Equal("two", await reader.ReadLineAsync().WaitAsync(Patience));
        lines.Writer.Complete();
        Assert.Null(await reader.ReadLineAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_request_at_the_other_node()
    {
        var ended = new TaskCompletionSource();
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            using var registration = context.RequestAborted.Register(ended.SetResult);
            await context.Response.WriteAsync("begun\n");
            await context.Response.Body.FlushAsync();
            await ended.Task;
        });
        using (var answer = await two.First.Http.GetAsync("/relayed/n2", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.True(answer.IsSuccessStatusCode);
        }

        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_holds_the_other_node_back_instead_of_filling_this_ones_memory()
    {
        long written = 0;
        var ended = new TaskCompletionSource();
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            var chunk = new byte[64 * 1024];
            try
            {
                // Without end for a reader that takes all: it ends when somebody holds it back for good.
                while (Interlocked.Read(ref written) < 1L << 30)
                {
                    await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
                    Interlocked.Add(ref written, chunk.Length);
                }
            }
            catch (OperationCanceledException)
            {
            }
            finally
            {
                // Not by RequestAborted alone: until that is raised, writes to a connection that was closed end at once.
                ended.TrySetResult();
            }
        });
        using var stalled = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stalled.ConnectAsync(IPEndPoint.Parse(two.First.Address));
        await stalled.SendAsync("GET /relayed/n2 HTTP/1.1\r\nHost: n1\r\n\r\n"u8.ToArray());

        await two.First.Time.SomebodyWaitsAsync(new ApiLimits().MaxStall);
        for (var before = -1L; before != Interlocked.Read(ref written);)
        {
            before = Interlocked.Read(ref written);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        }

        Assert.InRange(Interlocked.Read(ref written), 1, 1L << 29);

        // A slow machine may have taken a pause for the end: then the patience with a stalled reader began anew since.
        using var patience = new CancellationTokenSource(Patience);
        while (!ended.Task.IsCompleted)
        {
            two.First.Time.Advance(new ApiLimits().MaxStall);
            await Task.WhenAny(ended.Task, Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token));
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task An_answer_that_breaks_off_there_breaks_off_here()
    {
        var begun = new TaskCompletionSource();
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            await context.Response.WriteAsync("half of");
            await context.Response.Body.FlushAsync();
            await begun.Task;
            context.Abort();
        });
        using var answer = await two.First.Http.GetAsync("/relayed/n2", HttpCompletionOption.ResponseHeadersRead);
        begun.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_node_that_nobody_reaches_is_named_with_the_reason()
    {
        await using var two = await TwoNodes.StartAsync(_ => Task.CompletedTask);
        await two.Second.StopAsync();

        using var stopped = await two.First.GetAsync("/relayed/n2");
        two.First.Lose("n2");
        using var lost = await two.First.GetAsync("/relayed/n2");
        using var unknown = await two.First.GetAsync("/relayed/n9");

        var problem = await ApiHost.ProblemAsync(stopped, ProblemTypes.NodeUnreachable, 502);
        Assert.StartsWith($"Node n2 can't be asked: no connection to {two.Second.Address}", problem.Detail);
        Assert.Equal("n2", problem.Extensions!["node"].GetString());
        problem = await ApiHost.ProblemAsync(lost, ProblemTypes.NodeUnreachable, 502);
        Assert.Contains("it is lost", problem.Detail);
        await ApiHost.ProblemAsync(unknown, ProblemTypes.NodeNotFound, 404);
    }

    [Fact]
    public async Task A_node_that_does_not_begin_to_answer_is_given_up()
    {
        await using var two = await TwoNodes.StartAsync(
            context => Task.Delay(Timeout.Infinite, context.RequestAborted)
                .ContinueWith(_ => { }, TaskScheduler.Default));

        var asked = two.First.GetAsync("/relayed/n2");
        await two.First.Time.SomebodyWaitsAsync(new ApiLimits().RelayPatience);
        two.First.Time.Advance(new ApiLimits().RelayPatience);
        using var answer = await asked;

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.NodeUnreachable, 502);
        Assert.Contains("within 10 s", problem.Detail);
    }

    [Fact]
    public async Task What_was_passed_on_is_not_passed_on_again()
    {
        var calls = 0;
        await using var two = await TwoNodes.StartAsync(context =>
        {
            calls++;
            var relay = context.RequestServices.GetRequiredService<NodeRelay>();
            return relay.IsForThisNode(context.Request)
                ? context.Response.WriteAsync("from n2 itself")
                : relay.PassOnAsync(context, "n1");
        });

        using var answer = await two.First.GetAsync("/relayed/n2");

        Assert.Equal("from n2 itself", await answer.Content.ReadAsStringAsync());
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task An_address_that_changed_hands_gives_no_answer_of_another_node()
    {
        await using var two = await TwoNodes.StartAsync(
            context => context.Response.WriteAsync(
                context.RequestServices.GetRequiredService<NodeRelay>().IsForThisNode(context.Request) ? "n2" : "?"));
        two.First.RegisterNode("n3", 0xa3, apiAddress: two.Second.Address);

        using var answer = await two.First.GetAsync("/relayed/n3");

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.NodeUnreachable, 502);
        Assert.Contains("another node answers at its address", problem.Detail);
    }

    [Theory]
    [InlineData("text/html", "<h1>It works!</h1>", "is no blixard-node")]
    [InlineData(ApiRoutes.ProblemMediaType, "{", "not understood")]
    [InlineData(
        ApiRoutes.ProblemMediaType,
        """{"type":"urn:blixard:problem:not-found","title":"Not Found","status":404}""",
        "its version 0.1.0 has no answer")]
    public async Task What_is_no_answer_of_a_node_of_this_version_is_said(string type, string body, string said)
    {
        await using var two = await TwoNodes.StartAsync(async context =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = type;
            await context.Response.WriteAsync(body);
        });

        using var answer = await two.First.GetAsync("/relayed/n2");

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.NodeUnreachable, 502);
        Assert.Contains(said, problem.Detail);
    }

    [Fact]
    public async Task Not_more_than_the_limit_are_passed_on_at_once_and_their_end_makes_room()
    {
        var held = new TaskCompletionSource();
        await using var two = await TwoNodes.StartAsync(
            async context =>
            {
                await context.Response.WriteAsync("x");
                await context.Response.Body.FlushAsync();
                await held.Task;
            },
            new ApiLimits { MaxRelays = 1 });
        using var first = await two.First.Http.GetAsync("/relayed/n2", HttpCompletionOption.ResponseHeadersRead);

        using var second = await two.First.GetAsync("/relayed/n2");
        held.SetResult();
        await first.Content.ReadAsStringAsync();

        await ApiHost.ProblemAsync(second, ProblemTypes.Overloaded, 503);
        using var third = await two.First.GetAsync("/relayed/n2");
        Assert.True(third.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_question_of_the_node_itself_has_an_answer_a_problem_or_a_reason_why_not()
    {
        var body = Encoding.UTF8.GetBytes("""{"ping":"pong"}""");
        await using var two = await TwoNodes.StartAsync(context => context.Request.Query.ContainsKey("fail")
            ? throw new ApiException(Problems.VmNotFound("web1"))
            : context.Response.Body.WriteAsync(body).AsTask());
        var relay = two.Relay;

        var pong = await relay.AskAsync("n2", "/relayed/n2", ApiJson.Default.Ping, 1024, default);
        var problem = await Assert.ThrowsAsync<ApiException>(
            () => relay.AskAsync("n2", "/relayed/n2?fail", ApiJson.Default.Ping, 1024, default));
        body = "[]"u8.ToArray();
        var odd = await Assert.ThrowsAsync<ApiException>(
            () => relay.AskAsync("n2", "/relayed/n2", ApiJson.Default.Ping, 1024, default));
        body = new byte[2000];
        var large = await Assert.ThrowsAsync<ApiException>(
            () => relay.AskAsync("n2", "/relayed/n2", ApiJson.Default.Ping, 1024, default));

        Assert.Equal("pong", pong.Answer);
        Assert.Equal(ProblemTypes.VmNotFound, problem.Problem.Type);
        Assert.Equal(ProblemTypes.NodeUnreachable, odd.Problem.Type);
        Assert.Equal(ProblemTypes.NodeUnreachable, large.Problem.Type);
    }

    /// <summary>The first knows where the second is, and passes /relayed/NODE on to that node.</summary>
    private sealed class TwoNodes(ApiHost first, ApiHost second, NodeRelay relay) : IAsyncDisposable
    {
        public ApiHost First => first;

        public ApiHost Second => second;

        public NodeRelay Relay => relay;

        public static async Task<TwoNodes> StartAsync(RequestDelegate answer, ApiLimits? limits = null)
        {
            NodeRelay? relay = null;
            var second = await ApiHost.StartAsync(name: "n2", map: app => app.MapGet("/relayed/{node}", answer));
            var first = await ApiHost.StartAsync(limits, map: app =>
            {
                relay = app.Services.GetRequiredService<NodeRelay>();
                app.MapGet("/relayed/{node}", (HttpContext context, string node) => relay.PassOnAsync(context, node));
            });
            first.RegisterNode("n1", 0xa1, apiAddress: first.Address);
            first.RegisterNode("n2", 0xa2, apiAddress: second.Address);
            return new(first, second, relay!);
        }

        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
        }
    }
}
