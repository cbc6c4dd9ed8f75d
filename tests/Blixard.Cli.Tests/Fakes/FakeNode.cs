using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using Blixard.Client;
using Blixard.Client.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Blixard.Cli.Tests.Fakes;

/// <summary>
/// A node that keeps VMs, counts an index, streams events and answers problems, over real HTTP. What it should answer
/// wrongly is told by <see cref="Instead"/>.
/// </summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Vm> _vms = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Vm, string Key), VmAnnotation> _annotations = [];
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string? _socketDirectory;

    private FakeNode(WebApplication app, string? socketDirectory)
    {
        _app = app;
        _socketDirectory = socketDirectory;
    }

    public ulong Index { get; private set; } = 100;

    /// <summary>"METHOD /path?query" of every request so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What the bodies of changes of the members said, in words.</summary>
    public ConcurrentQueue<string> Bodies { get; } = new();

    public List<NodeInfo> Nodes { get; } = [.. Samples.Nodes];

    public ClusterStatus Cluster { get; set; } = Samples.Cluster;

    public LocalStatus Status { get; set; } = Samples.LocalStatus;

    /// <summary>Seconds for the Blixard-Last-Contact header of stale answers.</summary>
    public double? LastContact { get; set; }

    /// <summary>What it has of any VM's history.</summary>
    public VmHistory? History { get; set; }

    /// <summary>Of any VM.</summary>
    public HealthPolicy Policy { get; set; } = new() { DegradedAt = 1, UnhealthyAt = 100 };

    /// <summary>What it has of any VM's log.</summary>
    public List<LogRecord> Log { get; } = [];

    /// <summary>Answers in place of the node when set.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    /// <summary>Ends when someone has asked for events, or anything that <see cref="Hang"/> holds.</summary>
    public Task Watched => _watched.Task;

    public string Endpoint { get; private set; } = "";

    public static async Task<FakeNode> StartAsync(bool unixSocket = false)
    {
        var directory = unixSocket ? Directory.CreateTempSubdirectory("blixard-test").FullName : null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (directory is null)
            {
                kestrel.Listen(System.Net.IPAddress.Loopback, 0);
            }
            else
            {
                kestrel.ListenUnixSocket(Path.Combine(directory, "node.sock"));
            }
        });
        var node = new FakeNode(builder.Build(), directory);
        foreach (var vm in Samples.Vms)
        {
            node._vms.Add(vm.Name, vm);
        }

        node._app.Run(node.HandleAsync);
        await node._app.StartAsync();
        node.Endpoint = directory is null ? node._app.Urls.Single() : "unix:" + Path.Combine(directory, "node.sock");
        return node;
    }

    public BlixardClient Client(TimeProvider? time = null) => new(new BlixardClientOptions
    {
        Endpoint = Blixard.Client.Endpoint.Parse(Endpoint),
        Time = time ?? TimeProvider.System,
    });

    public void Send(EventRecord record) => SendLine(JsonSerializer.Serialize(record, ApiJson.Default.EventRecord));

    public void SendLine(string line) => _events.Writer.TryWrite(line);

    public void EndEvents() => _events.Writer.Complete();

    public void Fail(Problem problem) => Instead = context => AnswerAsync(context, problem);

    public void AnswerText(int status, string mediaType, string body) => Instead = async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = mediaType;
        await context.Response.WriteAsync(body);
    };

    /// <summary>Never answers; <see cref="Watched"/> ends when a request has come.</summary>
    public void Hang() => Instead = async context =>
    {
        _watched.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
    };

    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        await _app.DisposeAsync();
        if (_socketDirectory is not null)
        {
            Directory.Delete(_socketDirectory, recursive: true);
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        Requests.Enqueue($"{request.Method} {request.Path}{request.QueryString}");
        if (Instead is not null)
        {
            await Instead(context);
            return;
        }

        await AnswerAsync(context);
    }

    /// <summary>As the node does, whatever <see cref="Instead"/> says.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        string[] path = [.. request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        context.Response.Headers[ApiRoutes.IndexHeader] = Index.ToString(CultureInfo.InvariantCulture);
        if (LastContact is { } seconds && request.Query[ApiRoutes.Consistency] == "stale")
        {
            context.Response.Headers[ApiRoutes.LastContactHeader] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        await ((request.Method, path) switch
        {
            ("GET", ["v1", "cluster"]) => AnswerAsync(context, Cluster, ApiJson.Default.ClusterStatus),
            ("GET", ["v1", "cluster", "members"]) =>
                AnswerAsync(context, Cluster.Members, ApiJson.Default.IReadOnlyListClusterMember),
            ("POST", ["v1", "cluster", "members"]) => AddMemberAsync(context),
            ("DELETE", ["v1", "cluster", "members", var id]) => RemoveMemberAsync(context, id),
            ("POST", ["v1", "cluster", "members", var id, "promote"]) => AnswerAsync(
                context,
                Cluster.Members.First(member => member.Id == id) with { Membership = MembershipKind.Voter },
                ApiJson.Default.ClusterMember),
            ("POST", ["v1", "cluster", "cancel"]) => NothingAsync(context),
            ("POST", ["v1", "cluster", "transfer"]) => TransferAsync(context),
            ("GET", ["v1", "nodes"]) => AnswerAsync(context, Nodes, ApiJson.Default.IReadOnlyListNodeInfo),
            ("GET", ["v1", "nodes", var name]) => AnswerNodeAsync(context, name),
            ("GET", ["v1", "vms"] or ["vms"]) => AnswerAsync(context, All(), ApiJson.Default.IReadOnlyListVm),
            ("GET", ["v1", "vms", var name]) => AnswerVmAsync(context, name),
            ("GET", ["vms", var name]) => AnswerVmAsync(context, name),
            ("PUT", ["v1", "vms", var name]) => RegisterAsync(context, name),
            ("DELETE", ["v1", "vms", var name]) => RemoveAsync(context, name),
            ("GET", ["v1", "vms", var name, "annotations"]) =>
                AnswerAsync(context, AnnotationsOf(name), ApiJson.Default.IReadOnlyListVmAnnotation),
            ("PUT" or "DELETE", ["v1", "vms", var name, "annotations", var key]) => AnnotateAsync(context, name, key),
            ("GET", ["v1", "vms", _, "history"]) when History is { } history =>
                AnswerAsync(context, history, ApiJson.Default.VmHistory),
            ("GET", ["v1", "vms", _, "health-policy"]) => AnswerAsync(context, Policy, ApiJson.Default.HealthPolicy),
            ("PUT", ["v1", "vms", _, "health-policy"]) => SetPolicyAsync(context),
            ("DELETE", ["v1", "vms", _, "health-policy"]) => NothingAsync(context),
            ("GET", ["v1", "vms", _, "logs"]) => AnswerLogAsync(context),
            ("GET", ["v1", "events"] or ["events"]) => StreamAsync(context),
            ("GET", ["ping"]) => AnswerAsync(context, Ping.Pong, ApiJson.Default.Ping),
            ("GET", ["status"]) => AnswerAsync(context, Status, ApiJson.Default.LocalStatus),
            _ => AnswerAsync(context, Samples.ProblemOf(ProblemTypes.NotFound, 404, $"{request.Path} is not a path of the API")),
        });
    }

    private IReadOnlyList<Vm> All()
    {
        lock (_lock)
        {
            return [.. _vms.Values];
        }
    }

    private Task AnswerVmAsync(HttpContext context, string what) =>
        All().FirstOrDefault(vm => vm.Name == what || vm.Uuid == what) is { } found
            ? AnswerAsync(context, found, ApiJson.Default.Vm)
            : AnswerAsync(context, Samples.ProblemOf(ProblemTypes.VmNotFound, 404, "VM Not Found"));

    private Task AnswerNodeAsync(HttpContext context, string what) =>
        Nodes.Find(node => node.Name == what) is { } found
            ? AnswerAsync(context, found, ApiJson.Default.NodeInfo)
            : AnswerAsync(context, Samples.ProblemOf(ProblemTypes.NodeNotFound, 404, $"there is no node \"{what}\""));

    private async Task AddMemberAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, ApiJson.Default.AddMemberRequest, context.RequestAborted))!;
        Bodies.Enqueue($"{request.Name} {request.RaftAddress} {request.ApiAddress ?? "-"}");
        var added = new AddedMember
        {
            Id = "0000000000000009",
            Name = request.Name,
            Membership = MembershipKind.Learner,
            Token = "blxj1.b3BhcXVl",
        };
        await AnswerAsync(context, added, ApiJson.Default.AddedMember);
    }

    private Task RemoveMemberAsync(HttpContext context, string id)
    {
        Cluster = Cluster with { Members = [.. Cluster.Members.Where(member => member.Id != id)] };
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task NothingAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private async Task TransferAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, ApiJson.Default.TransferRequest, context.RequestAborted))!;
        Bodies.Enqueue(request.To ?? "-");
        var leader = Cluster.Members.FirstOrDefault(member => member.Id == request.To)?.Name ?? "n2";
        await AnswerAsync(context, new Leadership { Leader = leader, Term = 5 }, ApiJson.Default.Leadership);
    }

    private async Task RegisterAsync(HttpContext context, string name)
    {
        var request = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, ApiJson.Default.RegisterVmRequest, context.RequestAborted))!;
        var node = request.Node ?? "n1";
        if (!Nodes.Exists(known => known.Name == node))
        {
            await AnswerAsync(context, Samples.ProblemOf(ProblemTypes.NodeNotFound, 404, $"there is no node \"{node}\""));
            return;
        }

        Vm vm;
        lock (_lock)
        {
            Index++;
            vm = _vms.TryGetValue(name, out var known)
                ? known with { Candidates = [.. known.Candidates.Append(node).Distinct().Order(StringComparer.Ordinal)] }
                : Samples.NewVm(name, node, request.Unit ?? $"microvm@{name}.service");
            _vms[name] = vm;
        }

        context.Response.Headers[ApiRoutes.IndexHeader] = Index.ToString(CultureInfo.InvariantCulture);
        await AnswerAsync(context, vm, ApiJson.Default.Vm);
    }

    private Task RemoveAsync(HttpContext context, string name)
    {
        lock (_lock)
        {
            Index++;
            _vms.Remove(name);
        }

        context.Response.Headers[ApiRoutes.IndexHeader] = Index.ToString(CultureInfo.InvariantCulture);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private IReadOnlyList<VmAnnotation> AnnotationsOf(string vm)
    {
        lock (_lock)
        {
            return [.. _annotations.Where(item => item.Key.Vm == vm).Select(item => item.Value)];
        }
    }

    private async Task AnnotateAsync(HttpContext context, string vm, string key)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        lock (_lock)
        {
            Index++;
            _annotations.Remove((vm, key));
            if (context.Request.Method == "PUT")
            {
                _annotations.Add((vm, key), new VmAnnotation { Key = key, Bytes = text.Length, Text = text });
            }
        }

        context.Response.Headers[ApiRoutes.IndexHeader] = Index.ToString(CultureInfo.InvariantCulture);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task SetPolicyAsync(HttpContext context)
    {
        Policy = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, ApiJson.Default.HealthPolicy, context.RequestAborted))!;
        await AnswerAsync(context, Policy, ApiJson.Default.HealthPolicy);
    }

    private async Task AnswerLogAsync(HttpContext context)
    {
        context.Response.ContentType = ApiRoutes.EventsMediaType;
        foreach (var record in Log)
        {
            // With the empty line that keeps a connection alive.
            await context.Response.WriteAsync(JsonSerializer.Serialize(record, ApiJson.Default.LogRecord) + "\n\n");
        }
    }

    private async Task StreamAsync(HttpContext context)
    {
        context.Response.ContentType = ApiRoutes.EventsMediaType;
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        _watched.TrySetResult();
        await foreach (var line in _events.Reader.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync(line + "\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static async Task AnswerAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }

    private static async Task AnswerAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ApiRoutes.ProblemMediaType;
        await JsonSerializer.SerializeAsync(
            context.Response.Body, problem, ApiJson.Default.Problem, context.RequestAborted);
    }
}
