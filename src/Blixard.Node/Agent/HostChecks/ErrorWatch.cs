using Blixard.Systemd;
using Blixard.Systemd.Journal;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Reads this host's journal for errors into <see cref="ErrorLog"/>: one reader for all VMs, a bounded number of lines
/// a second, so that a unit that floods the journal costs the agent no more than a loud one.
/// </summary>
/// <param name="open">Opens the journal; called again where it broke.</param>
internal sealed partial class ErrorWatch(
    Func<IErrorTail> open,
    ErrorLog errors,
    UserIds users,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<ErrorWatch> logger)
{
    public const int LinesPerTick = 2000;

    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromMinutes(10);

    private long? _lookedUp;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var tail = await Task.Run(open, cancellationToken);
                await FollowAsync(tail, cancellationToken);
            }
            catch (JournalUnavailableException e)
            {
                errors.Lost(e.Message);
                LogUnavailable(e.Message);
                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }

    private async Task FollowAsync(IErrorTail tail, CancellationToken cancellationToken)
    {
        var forgotten = time.GetTimestamp();
        using var timer = new PeriodicTimer(Tick, time);
        do
        {
            // It reads from files, and blocks for as long as the disk takes.
            var since = time.GetUtcNow() - ErrorLog.Window;
            var batch = await Task.Run(() => Read(tail, since, cancellationToken), cancellationToken);
            if (batch.PassedOver)
            {
                metrics.ErrorsPassedOver();
                if (errors.Missing is null)
                {
                    LogPassedOver(LinesPerTick);
                }
            }

            metrics.ErrorsSeen(batch.Looked);
            errors.Add(batch);
            if (time.GetElapsedTime(forgotten) > ForgetInterval)
            {
                errors.Forget();
                forgotten = time.GetTimestamp();
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private ErrorBatch Read(IErrorTail tail, DateTimeOffset since, CancellationToken cancellationToken)
    {
        if (_lookedUp is not { } last || time.GetElapsedTime(last) >= Retry)
        {
            users.LookUp();
            _lookedUp = time.GetTimestamp();
        }

        return tail.Read(LinesPerTick, since, cancellationToken);
    }

    [LoggerMessage(
        LogLevel.Warning,
        "More errors are in the journal than are looked at, {Lines} a second: for an hour the counts of VMs are "
            + "least ones")]
    private partial void LogPassedOver(int lines);

    [LoggerMessage(LogLevel.Warning, "Errors of VMs in the journal can't be read, trying again: {Reason}")]
    private partial void LogUnavailable(string reason);
}
