using System.Collections.Concurrent;
using Blixard.Cli.Tests.Fakes;
using Blixard.Client;
using Blixard.Client.Contracts;
using Microsoft.AspNetCore.Http;

namespace Blixard.Cli.Tests.Client;

/// <summary>What the command line does about a change whose outcome is not known.</summary>
public class ChangeRetriesTests
{
    private readonly ConcurrentQueue<string> _keys = new();

    [Fact]
    public async Task A_change_whose_outcome_is_unknown_is_sent_again_with_the_same_key()
    {
        await using var node = await FakeNode.StartAsync();
        Answer(node, ProblemTypes.OutcomeUnknown, 504, times: 2);

        var time = new FakeTime(Samples.Now);
        var running = Run.Blixard(["--endpoint", node.Endpoint, "vm", "remove", "web1"], time: time);
        for (var sent = 1; sent <= 2; sent++)
        {
            await time.SomebodyWaitsAsync(ChangeRetries.Pause);
            time.Advance(ChangeRetries.Pause);
        }

        Assert.Equal(0, (await running).ExitCode);
        Assert.Equal(3, _keys.Count);
        Assert.Single(_keys.Distinct());
        Assert.Equal(32, _keys.First().Length);
    }

    [Fact]
    public async Task A_connection_that_is_lost_is_made_again_after_a_pause()
    {
        await using var node = await FakeNode.StartAsync();
        var lost = new TaskCompletionSource();
        node.Instead = async context =>
        {
            if (context.Request.Method == "GET")
            {
                await node.AnswerAsync(context);
                return;
            }

            _keys.Enqueue(context.Request.Headers[ApiRoutes.IdempotencyKeyHeader].ToString());
            if (_keys.Count == 1)
            {
                context.Abort();
                lost.TrySetResult();
                return;
            }

            await node.AnswerAsync(context);
        };
        var time = new FakeTime(Samples.Now);
        var running = Run.Blixard(["--endpoint", node.Endpoint, "vm", "remove", "web1"], time: time);
        await lost.Task;
        await time.SomebodyWaitsAsync(ChangeRetries.Pause);
        time.Advance(ChangeRetries.Pause);

        Assert.Equal(0, (await running).ExitCode);
        Assert.Equal(2, _keys.Count);
        Assert.Single(_keys.Distinct());
    }

    [Fact]
    public async Task Every_change_has_a_key_of_its_own_and_a_read_has_none()
    {
        await using var node = await FakeNode.StartAsync();
        node.Instead = context =>
        {
            _keys.Enqueue($"{context.Request.Method} {context.Request.Headers[ApiRoutes.IdempotencyKeyHeader]}");
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        };
        using var client = new BlixardClient(
            new BlixardClientOptions { Endpoint = Blixard.Client.Endpoint.Parse(node.Endpoint), RetriesChanges = true });

        await client.RemoveVmAsync("web1", default);
        await client.RemoveVmAsync("web1", default);
        await Assert.ThrowsAnyAsync<Exception>(() => client.GetVmAsync("web1", ReadOptions.Linearizable, default));

        Assert.Equal(3, _keys.Distinct().Count());
        Assert.Equal("GET ", _keys.Last());
    }

    [Fact]
    public async Task A_cluster_that_is_too_old_for_keys_is_asked_without()
    {
        await using var node = await FakeNode.StartAsync();
        Answer(node, ProblemTypes.VersionGate, 503, times: 1);

        var run = await Run.Against(node, "vm remove web1");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal([32, 0], _keys.Select(key => key.Length));
    }

    [Fact]
    public async Task A_refusal_is_told_at_once()
    {
        await using var node = await FakeNode.StartAsync();
        Answer(node, ProblemTypes.NoLeader, 503, times: 1);

        var run = await Run.Against(node, "vm remove web1");

        Assert.Equal(1, run.ExitCode);
        Assert.Single(_keys);
    }

    /// <summary>Answers so to the first changes, notes their keys, then as the node does.</summary>
    private void Answer(FakeNode node, string type, int status, int times)
    {
        node.Fail(Samples.ProblemOf(type, status, "not now"));
        var fail = node.Instead!;
        node.Instead = async context =>
        {
            if (context.Request.Method == "GET")
            {
                await node.AnswerAsync(context);
                return;
            }

            _keys.Enqueue(context.Request.Headers[ApiRoutes.IdempotencyKeyHeader].ToString());
            await (_keys.Count <= times ? fail(context) : node.AnswerAsync(context));
        };
    }
}
