using Blixard.Node.Options;

namespace Blixard.Node.Monitoring;

/// <summary>Runs the monitor for the life of the daemon. If it fails, the daemon ends and is restarted.</summary>
internal sealed class MonitorService(MonitorLoop loop) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(stoppingToken);
}

internal static class MonitorSetup
{
    /// <summary>Needs the agent's <see cref="Agent.IProposals"/>.</summary>
    public static IServiceCollection AddMonitoring(
        this IServiceCollection services, HealthOptions options, string node)
    {
        services.AddSingleton(new MonitorSettings
        {
            Node = node,
            FactsFresh = TimeSpan.FromSeconds(options.FactsFreshSeconds),
            MaxProbes = options.MaxProbes,
        });
        services.AddSingleton<IProber, Prober>();
        services.AddSingleton<MonitorLoop>();
        return services.AddHostedService<MonitorService>();
    }
}
