using Blixard.Hypervisor;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Api;
using Blixard.Node.Metrics;
using Blixard.Node.Options;
using Blixard.Systemd;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Journal;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent;

/// <summary>Puts the agent together.</summary>
internal static class AgentSetup
{
    public static IServiceCollection AddAgent(
        this IServiceCollection services, Live<AgentOptions> live, HealthOptions health, string node, string bootId)
    {
        var options = live.Value;
        services.AddSingleton(live.Of(now => SettingsOf(now, health, node, bootId)));

        // For who needs only what does not change.
        services.AddTransient(provider => provider.GetRequiredService<Live<AgentSettings>>().Value);
        services.AddSingleton(provider => Connect(options, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IGuestQuery>(provider =>
            new GuestQuery(options.GuestTimeout, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new GuestQueries(
            provider.GetRequiredService<IGuestQuery>(),
            provider.GetRequiredService<AgentMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<GuestQueries>>()));
        services.AddSingleton(new MicroVmDirectory(options.StateDirectory));
        services.AddSingleton<ReadErrors>();
        services.AddSingleton<IVmSampler>(provider => new VmSampler(
            options.CgroupRoot.Length > 0 ? new(options.CgroupRoot) : CgroupRoot.Discover(),
            provider.GetRequiredService<ReadErrors>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(new HostJournal(options.JournalDirectory));
        services.AddSingleton<IJournal>(provider => provider.GetRequiredService<HostJournal>());
        services.AddSingleton<IJournalFollowing>(provider => provider.GetRequiredService<HostJournal>());
        services.AddSingleton<UserIds>();
        services.AddSingleton<AgentViewStore>();
        services.AddSingleton<AgentJournal>();
        services.AddSingleton<AgentMetrics>();
        services.AddSingleton<AgentFigures>();
        services.AddSingleton<ILocalVms>(provider => provider.GetRequiredService<AgentFigures>());
        services.AddSingleton<IAgentStatus>(provider => provider.GetRequiredService<AgentFigures>());
        services.AddSingleton<UnitInventory>();
        services.AddSingleton<IProposals, ReplicatedProposals>();
        services.AddSingleton<UnitReporter>();
        services.AddHostChecks(health, options.JournalDirectory);
        services.AddSingleton<AgentLoop>();
        services.AddHostedService<AgentService>();
        return services;
    }

    private static AgentSettings SettingsOf(AgentOptions options, HealthOptions health, string node, string bootId) =>
        new()
        {
            Node = node,
            BootId = bootId,
            SampleInterval = options.SampleInterval,
            FullListInterval = options.FullListInterval,
            KeepAliveInterval = options.KeepAliveInterval,
            UpdateBurst = options.UpdateBurst,
            UpdateInterval = options.UpdateInterval,
            DeadBand = new(options.DeadBandPercent, (long)options.DeadBandMebibytes << 20),
            ServiceStateMessage = health.ServiceStateMessage,
        };

    private static AgentBuses Connect(AgentOptions options, TimeProvider time)
    {
        var connections = new List<SystemdConnection>();
        return new(
            [
                Bus(AgentBus.SystemName, UnitScope.System, BusAddress.Parse(options.Bus)),
                .. options.Users.Select(
                    user => Bus(AgentBus.NameOf(user), UnitScope.User, BusAddress.OfUser(user))),
            ],
            connections);

        AgentBus Bus(string name, UnitScope scope, BusAddress address)
        {
            var connection = new SystemdConnection(
                new() { Address = address, CallTimeout = options.CallTimeout }, time);
            connections.Add(connection);
            return new(name, scope, connection.Units, connection.Watcher)
            {
                FindUserId = scope == UnitScope.User ? address.FindUserId : null,
            };
        }
    }
}
