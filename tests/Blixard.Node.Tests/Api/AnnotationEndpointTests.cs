using System.Net;
using System.Net.Http.Headers;
using Blixard.Client.Contracts;

namespace Blixard.Node.Tests.Api;

public class AnnotationEndpointTests
{
    private const string Owner = "/v1/vms/web1/annotations/owner";

    [Fact]
    public async Task What_was_put_is_read_back_byte_for_byte_at_the_index_of_the_answer()
    {
        await using var host = await WithVmAsync();
        byte[] value = [0, 0xff, .. "text"u8];

        using var put = await PutAsync(host, Owner, value);
        using var get = await host.GetAsync($"{Owner}?min_index={ApiHost.IndexOf(put)}&consistency=stale");

        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(put));
        Assert.Equal(value, await get.Content.ReadAsByteArrayAsync());
        Assert.Equal("application/octet-stream", get.Content.Headers.ContentType?.ToString());
        Assert.Equal(value.Length, get.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Deleting_is_done_as_well_when_there_is_nothing_to_delete()
    {
        await using var host = await WithVmAsync();
        using var put = await PutAsync(host, Owner, [1]);

        using var first = await host.SendAsync(HttpMethod.Delete, Owner);
        using var second = await host.SendAsync(HttpMethod.Delete, Owner);
        using var gone = await host.GetAsync(Owner);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, second.StatusCode));
        Assert.True(ApiHost.IndexOf(second) > ApiHost.IndexOf(first));
        var problem = await ApiHost.ProblemAsync(gone, ProblemTypes.AnnotationNotFound, 404);
        Assert.Contains("web1 has no annotation owner", problem.Detail);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task The_annotations_of_an_unknown_vm_are_not_found(string method)
    {
        await using var host = await WithVmAsync();

        using var answer = await host.SendAsync(new HttpMethod(method), "/v1/vms/none/annotations/owner", "x");
        using var list = await host.GetAsync("/v1/vms/none/annotations");

        await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
        await ApiHost.ProblemAsync(list, ProblemTypes.VmNotFound, 404);
    }

    [Fact]
    public async Task A_value_of_4096_bytes_fits_and_one_more_is_too_large()
    {
        await using var host = await WithVmAsync();

        using var fits = await PutAsync(host, Owner, new byte[4096]);
        using var declared = await PutAsync(host, Owner, new byte[4097]);
        using var request = new HttpRequestMessage(HttpMethod.Put, Owner) { Content = new ByteArrayContent(new byte[4097]) };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await host.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, fits.StatusCode);
        await ApiHost.ProblemAsync(declared, ProblemTypes.TooLarge, 413);
        await ApiHost.ProblemAsync(chunked, ProblemTypes.TooLarge, 413);
        Assert.Equal(4096, host.Replica.State.Vms["web1"].Annotations.All["owner"].Value.Length);
    }

    [Fact]
    public async Task An_empty_body_is_refused_rather_than_taken_for_a_deletion()
    {
        await using var host = await WithVmAsync();
        using var put = await PutAsync(host, Owner, [1]);

        using var empty = await PutAsync(host, Owner, []);

        var problem = await ApiHost.ProblemAsync(empty, ProblemTypes.InvalidRequest, 400);
        Assert.Contains("empty", problem.Detail);
        Assert.Single(host.Replica.State.Vms["web1"].Annotations.All);
    }

    [Theory]
    [InlineData("/v1/vms/web1/annotations/a..b", "annotation")]
    [InlineData("/v1/vms/web1/annotations/a%2Fb", "annotation")]
    [InlineData("/v1/vms/web1/annotations/-x", "annotation")]
    [InlineData("/v1/vms/a..b/annotations/x", "VM")]
    public async Task A_key_or_name_that_nothing_can_have_is_refused(string path, string what)
    {
        await using var host = await WithVmAsync();
        var before = host.Replica.State.Index;

        foreach (var method in new[] { "GET", "PUT", "DELETE" })
        {
            using var answer = await host.SendAsync(new HttpMethod(method), path, "x");
            var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidName, 400, checkInstance: false);
            Assert.Contains($"the name of a {what}", problem.Detail);
        }

        Assert.Equal(before, host.Replica.State.Index);
    }

    [Fact]
    public async Task One_key_too_many_is_rejected_with_the_reason()
    {
        await using var host = await WithVmAsync();
        for (var i = 0; i < 64; i++)
        {
            using var put = await PutAsync(host, $"/v1/vms/web1/annotations/k{i}", [1]);
        }

        using var answer = await PutAsync(host, Owner, [1]);

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.Rejected, 409);
        Assert.Equal("annotationsFull", problem.Extensions!["reason"].GetString());
        Assert.Contains("the most is 64", problem.Detail);
    }

    [Fact]
    public async Task The_list_has_keys_lengths_and_short_texts()
    {
        await using var host = await WithVmAsync();
        foreach (var (key, value) in new (string, byte[])[]
            { ("owner", [.. "ops"u8]), ("blob", [0, 1]), ("long", new byte[257]), ("AB", [.. "x"u8]) })
        {
            using var put = await PutAsync(host, $"/v1/vms/web1/annotations/{key}", value);
        }

        var list = await host.ReadAsync("/v1/vms/web1/annotations", ApiJson.Default.IReadOnlyListVmAnnotation);

        Assert.Equal(
            [
                new VmAnnotation { Key = "AB", Bytes = 1, Text = "x" },
                new VmAnnotation { Key = "blob", Bytes = 2 },
                new VmAnnotation { Key = "long", Bytes = 257 },
                new VmAnnotation { Key = "owner", Bytes = 3, Text = "ops" },
            ],
            list);
    }

    [Fact]
    public async Task A_waiting_read_wakes_for_its_own_key_only()
    {
        await using var host = await WithVmAsync();
        using var first = await PutAsync(host, Owner, [.. "ops"u8]);

        var waiting = host.GetAsync($"{Owner}?wait=60s&index={ApiHost.IndexOf(first)}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromSeconds(60));
        using var other = await PutAsync(host, "/v1/vms/web1/annotations/other", [1]);
        using var again = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n3"}""");
        Assert.False(waiting.IsCompleted);
        using var second = await PutAsync(host, Owner, [.. "dev"u8]);
        using var answer = await waiting;

        Assert.Equal("dev", await answer.Content.ReadAsStringAsync());
        Assert.True(ApiHost.IndexOf(answer) >= ApiHost.IndexOf(second));
    }

    private static async Task<ApiHost> WithVmAsync()
    {
        var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        return host;
    }

    private static Task<HttpResponseMessage> PutAsync(ApiHost host, string path, byte[] value)
    {
        var content = new ByteArrayContent(value);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return host.Http.SendAsync(new HttpRequestMessage(HttpMethod.Put, path) { Content = content });
    }
}
