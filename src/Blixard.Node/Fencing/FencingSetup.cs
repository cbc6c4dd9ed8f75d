using Blixard.Node.Agent;
using Blixard.Node.Options;
using Blixard.Systemd;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Cgroups;

namespace Blixard.Node.Fencing;

/// <summary>Puts the host's side of leases together.</summary>
internal static class FencingSetup
{
    public static IServiceCollection AddFencing(
        this IServiceCollection services, FencingOptions options, AgentOptions agent, string node, string bootId)
    {
        var paths = new GatePaths(options.RunDirectory, options.GateDirectory);
        services.AddSingleton(paths);
        services.AddSingleton(new LeaseSettings(node, bootId, Guid.NewGuid().ToString("N")));
        services.AddSingleton<IHostClocks, HostClocks>();
        services.AddSingleton<IWatchdogs>(new KernelWatchdogs());
        services.AddSingleton<FenceMetrics>();

        // Connections of its own: a deadline must not wait for a list of a thousand units.
        services.AddSingleton(provider => new FenceBus(new SystemdConnection(
            new() { Address = BusAddress.Parse(agent.Bus), CallTimeout = agent.CallTimeout },
            provider.GetRequiredService<TimeProvider>())));
        services.AddSingleton(new LeaseFile(paths, bootId));
        services.AddSingleton(new FenceTried(paths, bootId));
        services.AddSingleton(new GrantStore(paths, bootId));
        services.AddSingleton(new ManagedList(paths));
        services.AddSingleton(new VmDropIns());
        var cgroups = agent.CgroupRoot.Length > 0 ? new(agent.CgroupRoot) : CgroupRoot.Discover();
        services.AddSingleton<IStrictSlice>(new StrictSlice(cgroups));
        services.AddSingleton(provider => WithBus<DeadMan>(provider));
        services.AddSingleton(provider => WithBus<TestFence>(provider));

        // Without cgroup v2 nothing is ever proven to have stopped: the directory is not there.
        services.AddSingleton(provider => WithBus<Revocation>(provider, cgroups ?? new("/sys/fs/cgroup/none")));
        services.AddSingleton(provider => WithBus<GateInstaller>(provider, node, bootId));
        services.AddSingleton(provider => WithBus<VmKeeper>(provider));
        services.AddSingleton<IRenewalLine, RenewalLine>();
        services.AddSingleton<IQuorumReads, QuorumReads>();
        services.AddSingleton<ReceiptTable>();
        services.AddSingleton<IReceipts>(provider => provider.GetRequiredService<ReceiptTable>());
        services.AddSingleton<LeaseOffice>();
        services.AddHostedService<LeaseOfficeService>();
        services.AddSingleton<LeaseViewStore>();
        services.AddSingleton<LeaseKeeper>();
        services.AddHostedService<FencingService>();
        return services;
    }

    private static T WithBus<T>(IServiceProvider provider, params object[] more)
    {
        var connection = provider.GetRequiredService<FenceBus>().Connection;
        return ActivatorUtilities.CreateInstance<T>(provider, [connection.Units, connection.Timers, .. more]);
    }
}

/// <summary>The connection to systemd that is the fence's alone.</summary>
internal sealed record FenceBus(SystemdConnection Connection) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
