using Blixard.Node.Metrics;
using Blixard.Node.Options;

namespace Blixard.Node.History;

/// <summary>Puts the history together.</summary>
internal static class HistorySetup
{
    public static IServiceCollection AddHistory(
        this IServiceCollection services, HistoryOptions options, Func<TimeSpan> sampleInterval, string dataDirectory)
    {
        services.AddSingleton(new HistorySettings
        {
            Directory = Path.Combine(dataDirectory, "history"),
            Enabled = options.Enabled,
            Keep = TimeSpan.FromHours(options.Hours),
            MaxBytes = options.MaxBytes,
            ReserveBytes = options.ReserveBytes,
            SampleEvery = sampleInterval,
        });
        services.AddSingleton<HistoryMeter>();
        services.AddSingleton(provider => new HistoryStore(
            provider.GetRequiredService<HistorySettings>(),
            FasterHistoryLog.Open,
            FreeSpaceOf,
            provider.GetRequiredService<HistoryMeter>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<HistoryStore>>()));
        services.AddSingleton<ICollector, HistoryCollector>();
        services.AddHostedService<HistoryRecorder>();
        return services;
    }

    private static long FreeSpaceOf(string directory) => new DriveInfo(directory).AvailableFreeSpace;
}
