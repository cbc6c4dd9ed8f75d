using Blixard.Node.Agent;
using Blixard.Node.Api;
using Blixard.Node.Coordinator;
using Blixard.Node.Fencing;
using Blixard.Node.History;
using Blixard.Node.Identity;
using Blixard.Node.Metrics;
using Blixard.Node.Monitoring;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.Systemd.Notify;
using Label = Blixard.StateMachine.Commands.Label;

namespace Blixard.Node.Hosting;

/// <summary>The composition root: the only place that knows all the parts of the daemon.</summary>
internal static class NodeComposition
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(10);

    /// <param name="reread">The configuration as its sources have it now; throws as <see cref="NodeSettings.Bind"/>.</param>
    public static WebApplication Build(
        NodeSettings settings,
        NodeIdentity identity,
        NodeAddresses addresses,
        DataDirectory data,
        Func<NodeSettings>? reread = null)
    {
        var live = new Live<NodeSettings>(settings);
        // Empty: our own sources have been read and checked; the framework's would bring keys that nobody checked, and
        // would watch every directory below the working directory for a file of its own that changes.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "blixard-node" });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRouting();
        Logging.Configure(builder.Logging, live.Of(now => now.Logging));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);

        var facts = HostFacts.Read();
        var services = builder.Services;
        services.AddSingleton<TimeProvider>(BootTime.Instance);
        services.AddSingleton(identity);
        services.AddSingleton(addresses);
        services.AddSingleton(new Newcomer(identity.New, () => FirstStart.MarkKnown(identity, data)));
        services.AddSingleton(settings.Api);
        services.AddSingleton(FactsOf(settings, identity));
        services.AddSingleton<RaftMetrics>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<MemberAddresses>(provider, settings));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Removal>(provider, identity.Member));
        services.AddSingleton(provider => Engine.Open(
            settings,
            identity,
            addresses,
            data,
            provider.GetRequiredService<MemberAddresses>(),
            provider.GetRequiredService<Removal>(),
            provider.GetRequiredService<Newcomer>(),
            provider.GetRequiredService<ApplyLoop>(),
            provider.GetRequiredService<RaftMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));

        // First, so that it is started before and stopped after all that needs it.
        services.AddSingleton<EngineService>();
        services.AddHostedService(provider => provider.GetRequiredService<EngineService>());
        services.AddReplication(Self(settings, identity, addresses, facts));
        services.AddCoordinator(settings.Cluster);
        services.AddAgent(live.Of(now => now.Agent), settings.Health, identity.Name, facts.BootId);
        services.AddMonitoring(settings.Health, identity.Name);
        services.AddFencing(settings.Fencing, settings.Agent, identity.Name, facts.BootId);
        services.AddSingleton(new ApiLimits { MaxWaitingReads = settings.Api.MaxWaitingReads });
        services.AddHistory(settings.History, () => live.Value.Agent.SampleInterval, data.Root);
        services.AddBlixardApi();
        services.AddBlixardMetrics();
        services.AddSingleton(live);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Reload>(provider, reread ?? (() => live.Value)));
        services.AddSingleton<ServiceNotifier>();
        services.AddSingleton<ApiListeners>();
        services.AddHostedService<ServiceStatus>();
        services.AddHostedService<PlaintextWarning>();
        services.AddOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>()
            .Configure<ApiListeners>((kestrel, listeners) => listeners.Configure(kestrel));
        return builder.Build();
    }

    public static void Map(WebApplication app)
    {
        app.UseRouting();
        app.UseBlixardApi();
        app.MapBlixardApi();
        app.MapBlixardMetrics();
    }

    private static RegisterNode Self(
        NodeSettings settings, NodeIdentity identity, NodeAddresses addresses, HostFacts facts)
    {
        var self = new RegisterNode
        {
            Node = identity.Name,
            MemberId = identity.Member.Value,
            BootId = facts.BootId,
            ApiAddress = addresses.AdvertisedApi,
            RaftAddress = addresses.AdvertisedRaft,
            Version = HostFacts.Version,
            ClusterVersion = CommandVersions.Newest,
            Cpus = facts.Cpus,
            MemoryBytes = facts.MemoryBytes,
        };
        foreach (var (key, value) in settings.Node.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            self.Labels.Add(new Label { Key = key, Value = value });
        }

        return self;
    }

    private static NodeFacts FactsOf(NodeSettings settings, NodeIdentity identity)
    {
        var configured = identity.Joined
            ? []
            : PeerList.Parse(settings.Cluster.Peers, new List<string>())
                .ToDictionary(peer => peer.Name, peer => peer.Address.ToString(), StringComparer.Ordinal);
        return new NodeFacts
        {
            Name = identity.Name,
            Member = identity.Member,
            ClusterId = identity.ClusterId,
            Version = HostFacts.Version,
            Peers = identity.Members.ToDictionary(
                member => member.Member,
                member => new PeerFacts(member.Name, configured.GetValueOrDefault(member.Name, member.Address))),
        };
    }
}
