using Blixard.Node.Options;
using Blixard.Systemd.Journal;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Runs what the checks of this host need beside the agent's loop. If one fails, the daemon ends and is restarted.
/// </summary>
internal sealed class HostChecksService(ErrorWatch errors, ScriptRunner scripts, RecoveryLoop recoveries)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] loops = [errors.RunAsync(stop.Token), scripts.RunAsync(stop.Token), recoveries.RunAsync(stop.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(loops)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}

internal static class HostChecksSetup
{
    // Of the system's units and of users'.
    private const string UnitPrefix = "microvm";

    /// <param name="journalDirectory">Empty: the system's.</param>
    public static IServiceCollection AddHostChecks(
        this IServiceCollection services, HealthOptions options, string journalDirectory)
    {
        services.AddSingleton(provider =>
            HealthSettings.Of(options, provider.GetRequiredService<Live<AgentSettings>>()));
        services.AddSingleton<ErrorLog>();
        services.AddSingleton(provider => new ErrorWatch(
            () => ErrorTail.Open(journalDirectory.Length > 0 ? journalDirectory : null, UnitPrefix),
            provider.GetRequiredService<ErrorLog>(),
            provider.GetRequiredService<UserIds>(),
            provider.GetRequiredService<AgentMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ErrorWatch>>()));
        services.AddSingleton(provider =>
            new Script(options.ScriptDirectory, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ScriptResults>();
        services.AddSingleton<ScriptRunner>();
        services.AddSingleton<RecoveryBook>();
        services.AddSingleton<IRecoveryActions, UnitRestarts>();
        services.AddSingleton<RecoveryLoop>();
        services.AddSingleton<HostHealth>();
        return services.AddHostedService<HostChecksService>();
    }
}
