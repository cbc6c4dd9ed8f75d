using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.Node.Coordinator;
using Blixard.Node.History;
using Blixard.Node.Metrics;
using Blixard.Node.Replication;
using Blixard.Node.Tests.History;
using Blixard.StateMachine.Commands;
using Blixard.Systemd.Journal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VmObservation = Blixard.StateMachine.Commands.VmObservation;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

/// <summary>
/// The real endpoints on a real port, over the real replica, proposer and change feed; only the engine below them and
/// the host's systemd are small ones of the tests.
/// </summary>
internal sealed class ApiHost : IAsyncDisposable
{
    public const string Boot = "boot-1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;

    private ApiHost(WebApplication app)
    {
        _app = app;
        Engine = app.Services.GetRequiredService<FakeEngine>();
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = Patience };
    }

    public FakeEngine Engine { get; }

    public FakeAgent Agent => _app.Services.GetRequiredService<FakeAgent>();

    public HistoryStore History => _app.Services.GetRequiredService<HistoryStore>();

    public MemoryHistoryLog HistoryLog => _app.Services.GetRequiredService<MemoryHistoryLog>();

    public FakeJournal Journal => _app.Services.GetRequiredService<FakeJournal>();

    public FakeTime Time => _app.Services.GetRequiredService<FakeTime>();

    public Replica Replica => _app.Services.GetRequiredService<Replica>();

    public ChangeFeed Feed => _app.Services.GetRequiredService<ChangeFeed>();

    public Removal Removal => _app.Services.GetRequiredService<Removal>();

    public EventStreams Streams => _app.Services.GetRequiredService<EventStreams>();

    public HttpClient Http { get; }

    public string Name => _app.Services.GetRequiredService<NodeFacts>().Name;

    /// <summary><c>host:port</c> where it answers.</summary>
    public string Address => Http.BaseAddress!.Authority;

    /// <param name="limits">Null for the product's.</param>
    /// <param name="feed">Null for the product's.</param>
    /// <param name="changesMembers">With what carries changes of the members out, which looks at the clock.</param>
    /// <param name="name">This node's.</param>
    /// <param name="configure">Further services.</param>
    /// <param name="map">Further endpoints.</param>
    public static async Task<ApiHost> StartAsync(
        ApiLimits? limits = null,
        ChangeFeed? feed = null,
        bool changesMembers = false,
        string name = "n1",
        Action<IServiceCollection>? configure = null,
        Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var services = builder.Services;
        services.AddSingleton<FakeTime>();
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<FakeTime>());
        services.AddSingleton(limits ?? new ApiLimits());
        services.AddSingleton(feed ?? new ChangeFeed());
        services.AddSingleton<AppliedState>();
        services.AddSingleton<ReplicationEvents>();
        services.AddSingleton<ApplyLoop>();
        services.AddSingleton<FakeEngine>();
        services.AddSingleton<IRaftEngine>(provider => provider.GetRequiredService<FakeEngine>());
        services.AddSingleton<Replica>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SessionKeeper>(provider, "n1"));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Proposer>(provider, "n1"));
        services.AddSingleton<MembershipRequests>();
        services.AddSingleton<MembershipTrouble>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Removal>(provider, FakeEngine.Members[0]));
        services.AddSingleton(new MembershipSettings(Rules: null));
        if (changesMembers)
        {
            services.AddHostedService<MembershipLoop>();
        }

        services.AddSingleton<FakeAgent>();
        services.AddSingleton<ILocalVms>(provider => provider.GetRequiredService<FakeAgent>());
        services.AddSingleton<IAgentStatus>(provider => provider.GetRequiredService<FakeAgent>());
        services.AddSingleton(Facts with { Name = name });
        services.AddSingleton(new HistorySettings { Directory = "/nowhere" });
        services.AddSingleton<HistoryMeter>();
        services.AddSingleton<MemoryHistoryLog>();
        services.AddSingleton<ICollector, HistoryCollector>();
        services.AddSingleton(provider => new HistoryStore(
            provider.GetRequiredService<HistorySettings>(),
            _ => provider.GetRequiredService<MemoryHistoryLog>(),
            _ => long.MaxValue,
            provider.GetRequiredService<HistoryMeter>(),
            provider.GetRequiredService<TimeProvider>(),
            NullLogger<HistoryStore>.Instance));
        services.AddSingleton<FakeJournal>();
        services.AddSingleton<IJournal>(provider => provider.GetRequiredService<FakeJournal>());
        services.AddSingleton<IJournalFollowing>(provider => provider.GetRequiredService<FakeJournal>());
        services.AddBlixardApi();
        services.AddBlixardMetrics();
        configure?.Invoke(services);
        var app = builder.Build();
        app.UseBlixardApi();
        app.MapBlixardApi();
        app.MapBlixardMetrics();
        map?.Invoke(app);
        await app.StartAsync();
        return new ApiHost(app);
    }

    public static NodeFacts Facts { get; } = new()
    {
        Name = "n1",
        Member = FakeEngine.Members[0],
        ClusterId = 0xc1,
        ClusterName = "trial",
        Version = "0.1.0",
        Peers = FakeEngine.Members
            .Select((member, i) => (member, new PeerFacts($"n{i + 1}", $"n{i + 1}:7481")))
            .ToDictionary(pair => pair.member, pair => pair.Item2),
    };

    /// <summary>With nodes n1 to n3 registered.</summary>
    /// <param name="limits">Null for the product's.</param>
    /// <param name="feed">Null for the product's.</param>
    /// <param name="changesMembers">With what carries changes of the members out.</param>
    /// <param name="knowsKeys">Every node knows idempotency keys; else none has said what it knows.</param>
    public static async Task<ApiHost> StartClusterAsync(
        ApiLimits? limits = null, ChangeFeed? feed = null, bool changesMembers = false, bool knowsKeys = false)
    {
        var host = await StartAsync(limits, feed, changesMembers);
        foreach (var (member, i) in FakeEngine.Members.Select((member, i) => (member, i)))
        {
            host.RegisterNode($"n{i + 1}", member.Value, knowsKeys ? CommandVersions.Keys : 0);
        }

        if (knowsKeys)
        {
            host.Do("n1", Command.Of(new SetClusterVersion { Version = CommandVersions.Keys }));
        }

        return host;
    }

    /// <summary>With nodes n1 to n3, and a VM that n1 defines.</summary>
    /// <param name="vm">Its name.</param>
    /// <param name="limits">Null for the product's.</param>
    public static async Task<ApiHost> StartWithVmAsync(string vm, ApiLimits? limits = null)
    {
        var host = await StartClusterAsync(limits);
        host.RegisterVm(vm, "n1");
        return host;
    }

    /// <summary>Makes each known to all by the address where it answers, and a VM that each of them defines.</summary>
    public static void Introduce(string vm, params ApiHost[] hosts)
    {
        foreach (var host in hosts)
        {
            foreach (var (other, i) in hosts.Select((other, i) => (other, i)))
            {
                host.RegisterNode(other.Name, 0xa1 + (ulong)i, apiAddress: other.Address);
            }

            foreach (var other in hosts)
            {
                host.RegisterVm(vm, other.Name);
            }
        }
    }

    public ulong RegisterNode(
        string node, ulong member, uint clusterVersion = CommandVersions.Keys, string? apiAddress = null) =>
        Do(node, Command.Of(new RegisterNode
        {
            Node = node,
            MemberId = member,
            BootId = Boot,
            ApiAddress = apiAddress ?? $"{node}:7480",
            RaftAddress = $"{node}:7481",
            Version = "0.1.0",
            Cpus = 8,
            MemoryBytes = 1UL << 34,
            ClusterVersion = clusterVersion,
            Labels = { new StateMachine.Commands.Label { Key = "zone", Value = "z1" } },
        }));

    public ulong RegisterVm(string vm, string node) => Do(node, Command.Of(new RegisterVM
    {
        Vm = vm,
        Uuid = UuidOf(vm),
        Node = node,
        Unit = $"microvm@{vm}.service",
    }));

    /// <summary>A node says that it runs what another one runs.</summary>
    public ulong Claim(string vm, string node) => Do(node, Command.Of(new RegisterVM
    {
        Vm = vm,
        Uuid = UuidOf(vm),
        Node = node,
        Unit = $"microvm@{vm}.service",
        State = VmState.Running,
    }));

    /// <summary>A node lists all that it has.</summary>
    public ulong ReportAll(string node, params VmObservation[] vms)
    {
        var sequence = Replica.State.Nodes[node].ObservationSequence + 1;
        return Do(node, Command.Of(new UpdateState
        {
            Node = node,
            BootId = Boot,
            ObservationSeq = sequence,
            Complete = true,
            Vms = { vms },
        }));
    }

    public static string UuidOf(string vm) => $"00000000-0000-4000-8000-{Math.Abs(vm.Aggregate(7, (h, c) => (h * 31) + c)):d12}";

    /// <summary>A node's report about VMs that it has registered.</summary>
    public ulong Report(string node, params VmObservation[] vms)
    {
        var sequence = Replica.State.Nodes[node].ObservationSequence + 1;
        return Do(node, Command.Of(new UpdateState { Node = node, BootId = Boot, ObservationSeq = sequence, Vms = { vms } }));
    }

    public static VmObservation Seen(string vm, VmState state) =>
        new() { Vm = vm, Unit = $"microvm@{vm}.service", State = state };

    public ulong Lose(string node) => Do("n1", Command.Of(
        new UpdateNode { Node = node, Status = StateMachine.Commands.NodeStatus.Lost, Reason = "no answer for 3001 ms" }));

    /// <summary>Applied as if another node had proposed it.</summary>
    public ulong Do(string actor, Command command)
    {
        command.Actor = actor;
        command.TimeUnixMs = Time.GetUtcNow().ToUnixTimeMilliseconds();
        command.DecidedTerm = command.BodyCase is Command.BodyOneofCase.UpdateNode
            or Command.BodyOneofCase.UpdateMonitoringAssignments
            or Command.BodyOneofCase.SetClusterVersion
            ? Engine.Status.Term
            : 0;
        return Engine.Apply(command);
    }

    /// <summary>Ends when so many reads wait.</summary>
    public async Task WaitsAsync(int reads)
    {
        var service = _app.Services.GetRequiredService<Reads>();
        for (var until = DateTime.UtcNow + Patience; service.Waiting != reads;)
        {
            Assert.True(DateTime.UtcNow < until, $"{service.Waiting} reads wait");
            await Task.Yield();
        }
    }

    public Task<HttpResponseMessage> GetAsync(string path) => Http.GetAsync(path);

    public async Task<T> ReadAsync<T>(string path, JsonTypeInfo<T> type)
    {
        using var response = await Http.GetAsync(path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), type)!;
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return Http.SendAsync(request);
    }

    public static ulong IndexOf(HttpResponseMessage response) =>
        ulong.Parse(response.Headers.GetValues(ApiRoutes.IndexHeader).Single());

    /// <summary>The problem in an answer, after everything that all problems have in common.</summary>
    /// <param name="checkInstance">False where the path asked for is not written as it was sent.</param>
    public static async Task<Problem> ProblemAsync(
        HttpResponseMessage response, string type, int status, bool checkInstance = true)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(ApiRoutes.ProblemMediaType, response.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize(text, ApiJson.Default.Problem)!;
        Assert.Equal((type, status, status), (problem.Type, problem.Status, (int)response.StatusCode));
        Assert.False(string.IsNullOrWhiteSpace(problem.Detail));
        if (checkInstance)
        {
            Assert.Equal(response.RequestMessage!.RequestUri!.AbsolutePath, problem.Instance);
        }

        return problem;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
