using Blixard.Node.Identity;

namespace Blixard.Node.Hosting;

/// <summary>
/// Says at the start and every hour that this member speaks without encryption, for as long as it does.
/// </summary>
internal sealed partial class PlaintextWarning(NodeAddresses addresses, TimeProvider time, ILogger<PlaintextWarning> log)
    : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (addresses.Raft is not { } raft)
        {
            return;
        }

        try
        {
            using var hourly = new PeriodicTimer(Interval, time);
            do
            {
                LogPlaintext(raft.ToString(), addresses.Api.ToString());
            }
            while (await hourly.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Members ({Raft}) and clients ({Api}) are spoken to without TLS: whoever is on that "
        + "network can read and change everything. Keep it closed to others")]
    private partial void LogPlaintext(string raft, string api);
}
