using Blixard.Node.Api;
using Blixard.Node.Metrics;
using Blixard.Node.Options;
using Blixard.Systemd;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent;

/// <summary>Puts the agent together.</summary>
internal static class AgentSetup
{
    public static IServiceCollection AddAgent(
        this IServiceCollection services, AgentOptions options, string node, string bootId)
    {
        services.AddSingleton(new AgentSettings
        {
            Node = node,
            BootId = bootId,
            SampleInterval = options.SampleInterval,
            FullListInterval = options.FullListInterval,
            KeepAliveInterval = options.KeepAliveInterval,
            DeadBand = new(options.DeadBandPercent, (long)options.DeadBandMebibytes << 20),
        });
        services.AddSingleton(provider => new SystemdConnection(
            new() { Address = BusAddress.Parse(options.Bus), CallTimeout = options.CallTimeout },
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredService<SystemdConnection>().Units);
        services.AddSingleton(provider => provider.GetRequiredService<SystemdConnection>().Watcher);
        services.AddSingleton(new MicroVmDirectory(options.StateDirectory));
        services.AddSingleton<ReadErrors>();
        services.AddSingleton<IVmSampler>(provider => new VmSampler(
            options.CgroupRoot.Length > 0 ? new(options.CgroupRoot) : CgroupRoot.Discover(),
            provider.GetRequiredService<ReadErrors>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AgentViewStore>();
        services.AddSingleton<AgentJournal>();
        services.AddSingleton<AgentMetrics>();
        services.AddSingleton<AgentFigures>();
        services.AddSingleton<ILocalVms>(provider => provider.GetRequiredService<AgentFigures>());
        services.AddSingleton<IAgentStatus>(provider => provider.GetRequiredService<AgentFigures>());
        services.AddSingleton<UnitInventory>();
        services.AddSingleton<IProposals, ReplicatedProposals>();
        services.AddSingleton<UnitReporter>();
        services.AddSingleton<AgentLoop>();
        services.AddHostedService<AgentService>();
        return services;
    }
}
