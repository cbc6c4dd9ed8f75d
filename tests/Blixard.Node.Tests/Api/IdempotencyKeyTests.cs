using System.Net;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Google.Protobuf;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

/// <summary>A request that is sent again with its key is done once.</summary>
public class IdempotencyKeyTests
{
    [Fact]
    public async Task A_request_with_a_key_is_done_once_and_answered_alike()
    {
        await using var host = await StartAsync();
        using var first = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", "k1", "ops");
        using var other = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", "k2", "dev");

        using var again = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", "k1", "ops");

        Assert.All([first, other, again], answer => Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode));
        Assert.Equal("dev", await host.Http.GetStringAsync("/v1/vms/web1/annotations/owner"));
    }

    [Fact]
    public async Task A_refusal_is_given_again_when_it_would_no_longer_be_one()
    {
        await using var host = await StartAsync();
        using var first = await SendAsync(host, HttpMethod.Put, "/v1/vms/new/annotations/owner", "k1", "ops");
        host.RegisterVm("new", "n1");

        using var again = await SendAsync(host, HttpMethod.Put, "/v1/vms/new/annotations/owner", "k1", "ops");

        await ApiHost.ProblemAsync(first, ProblemTypes.VmNotFound, 404);
        await ApiHost.ProblemAsync(again, ProblemTypes.VmNotFound, 404);
    }

    [Theory]
    [InlineData("PUT", "/v1/vms/web1/annotations/owner", "dev")]
    [InlineData("PUT", "/v1/vms/web1/annotations/other", "ops")]
    [InlineData("DELETE", "/v1/vms/web1/annotations/owner", null)]
    [InlineData("DELETE", "/v1/vms/web1", null)]
    public async Task Another_request_with_the_same_key_is_refused(string method, string path, string? body)
    {
        await using var host = await StartAsync();
        using var first = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", "k1", "ops");

        using var other = await SendAsync(host, new HttpMethod(method), path, "k1", body);

        await ApiHost.ProblemAsync(other, ProblemTypes.IdempotencyKeyReused, 422);
        Assert.Equal("ops", await host.Http.GetStringAsync("/v1/vms/web1/annotations/owner"));
        Assert.Single(host.Replica.State.Vms["web1"].Annotations.All);
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("blixard.")]
    [InlineData("blixard.1.2")]
    [InlineData("blixard.0.2.3")]
    [InlineData("blixard.1.x.3")]
    [InlineData("blixard.1.2.3.4")]
    [InlineData("blixard.1.2.11111111111111111")]
    public async Task A_key_that_is_none_is_refused_and_nothing_is_done(string key)
    {
        await using var host = await StartAsync();
        var before = host.Replica.State.Index;

        using var answer = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", key);

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
        Assert.Contains("Idempotency-Key", problem.Detail);
        Assert.Equal(before, host.Replica.State.Index);
    }

    [Fact]
    public async Task Keys_that_are_too_long_or_two_are_refused()
    {
        await using var host = await StartAsync();

        using var longest = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", new string('k', 128));
        using var longer = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", new string('k', 129));
        using var two = new HttpRequestMessage(HttpMethod.Delete, "/v1/vms/web1");
        two.Headers.Add(ApiRoutes.IdempotencyKeyHeader, ["k1", "k2"]);
        using var both = await host.Http.SendAsync(two);

        Assert.Equal(HttpStatusCode.NoContent, longest.StatusCode);
        await ApiHost.ProblemAsync(longer, ProblemTypes.InvalidRequest, 400);
        await ApiHost.ProblemAsync(both, ProblemTypes.InvalidRequest, 400);
    }

    [Fact]
    public async Task A_removal_that_was_made_is_answered_so_again_though_the_vm_is_back_and_in_use()
    {
        await using var host = await StartAsync();
        using var first = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", "k1");
        host.RegisterVm("web1", "n1");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));

        using var again = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", "k1");
        using var other = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", "k2");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, again.StatusCode));
        await ApiHost.ProblemAsync(other, ProblemTypes.VmInUse, 409);
        Assert.Contains("web1", host.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task Before_every_node_knows_keys_a_request_with_one_is_refused_and_nothing_is_done()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");

        using var answer = await SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", "k1");

        await ApiHost.ProblemAsync(answer, ProblemTypes.VersionGate, 503);
        Assert.Contains("web1", host.Replica.State.Vms.Keys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_outcome_comes_with_a_key_under_which_it_is_done_once(bool applied)
    {
        await using var host = await StartAsync();
        using var opened = await SendAsync(host, HttpMethod.Delete, "/v1/vms/none", key: null);
        host.Engine.Follow();
        host.Engine.Loses = true;
        var putting = SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", key: null, "ops");
        await host.Engine.Lost;
        host.Time.Advance(Proposer.Deadline);
        using var unknown = await putting;

        var problem = await ApiHost.ProblemAsync(unknown, ProblemTypes.OutcomeUnknown, 504);
        var key = problem.Extensions!["idempotencyKey"].GetString()!;
        Assert.Equal(key, unknown.Headers.GetValues(ApiRoutes.IdempotencyKeyHeader).Single());
        host.Engine.Loses = false;
        if (applied)
        {
            host.Engine.ApplyLost();
        }

        // Whatever comes between, by whomever, is not undone by the request that is sent again.
        var between = new SetAnnotation { Vm = "web1", Key = "owner", Value = ByteString.CopyFromUtf8("dev") };
        host.Do("n2", Command.Of(between));
        using var again = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", key, "ops");
        using var twice = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", key, "ops");
        host.Engine.ApplyLost();

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (again.StatusCode, twice.StatusCode));
        Assert.Equal(applied ? "dev" : "ops", await host.Http.GetStringAsync("/v1/vms/web1/annotations/owner"));
        using var other = await SendAsync(host, HttpMethod.Put, "/v1/vms/web1/annotations/owner", key, "qa");
        await ApiHost.ProblemAsync(other, ProblemTypes.IdempotencyKeyReused, 422);
    }

    [Fact]
    public async Task An_unknown_outcome_of_a_request_with_a_key_names_that_key()
    {
        await using var host = await StartAsync();
        using var opened = await SendAsync(host, HttpMethod.Delete, "/v1/vms/none", key: null);
        host.Engine.Follow();
        host.Engine.Loses = true;
        var removing = SendAsync(host, HttpMethod.Delete, "/v1/vms/web1", "a\"b\\c<&");
        await host.Engine.Lost;
        host.Time.Advance(Proposer.Deadline);
        using var unknown = await removing;

        var problem = await ApiHost.ProblemAsync(unknown, ProblemTypes.OutcomeUnknown, 504);
        Assert.Equal("a\"b\\c<&", problem.Extensions!["idempotencyKey"].GetString());
    }

    [Fact]
    public async Task A_key_of_a_session_that_is_not_known_any_more_does_nothing()
    {
        await using var host = await StartAsync();
        using var refused = await SendAsync(
            host, HttpMethod.Delete, "/v1/vms/web1", KeyOf(HttpMethod.Delete, "/v1/vms/web1", session: 9999));

        await ApiHost.ProblemAsync(refused, ProblemTypes.SessionExpired, 409);
        Assert.Contains("web1", host.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task A_change_of_the_members_with_a_key_is_asked_for_once()
    {
        await using var host = await StartAsync(changesMembers: true);
        using var first = await SendAsync(host, HttpMethod.Delete, "/v1/cluster/members/n3", "k1");
        host.RegisterNode("n3", 0xb3);

        using var again = await SendAsync(host, HttpMethod.Delete, "/v1/cluster/members/n3", "k1");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, again.StatusCode));
        Assert.Contains("n3", host.Replica.State.Nodes.Keys);
    }

    /// <summary>Every node knows keys, and VM web1 is there.</summary>
    private static async Task<ApiHost> StartAsync(bool changesMembers = false)
    {
        var host = await ApiHost.StartClusterAsync(changesMembers: changesMembers, knowsKeys: true);
        host.RegisterVm("web1", "n1");
        return host;
    }

    /// <summary>As a node would have made it up.</summary>
    private static string KeyOf(HttpMethod method, string path, ulong session)
    {
        var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        (context.Request.Method, context.Request.Path) = (method.Method, path);
        return Node.Api.RequestIdentity.Of(context.Request, default)
            .KeyFor(new OutcomeUnknownException("") { Number = new(session, 1) })!;
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ApiHost host, HttpMethod method, string path, string? key, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body));
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation(ApiRoutes.IdempotencyKeyHeader, key);
        }

        return await host.Http.SendAsync(request);
    }
}
