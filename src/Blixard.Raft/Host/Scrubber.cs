using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// Takes a <see cref="LogScrub"/> through the disk once per interval, slowly. Damage is logged and counted, and a
/// snapshot is taken, so that the log moves on from what is damaged.
/// </summary>
internal sealed partial class Scrubber(
    LogScrub scrub,
    RaftHostOptions options,
    TimeProvider time,
    Action<HostEvent> post,
    RaftMetrics metrics,
    ILogger logger)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.ScrubInterval <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.ScrubInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await TryPassAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception e)
        {
            // A failed sync, or a bug: nothing else looks at this task.
            post(new MemberFailed(e));
        }
    }

    private async Task TryPassAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PassAsync(cancellationToken);
        }
        catch (IOException e) when (e is not StorageFailedException)
        {
            // What could not even be opened. The next pass begins at the beginning.
            LogBrokeOff(e.Message);
        }
    }

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        foreach (var step in scrub.Run())
        {
            metrics.Scrubbed(step.Bytes, step.File is not null);
            if (step.File is { } file)
            {
                LogDamage(file, step.Offset);
                post(SnapshotWanted.Instance);
            }

            var pause = TimeSpan.FromSeconds((double)step.Bytes / options.ScrubBytesPerSecond);
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    [LoggerMessage(
        LogLevel.Error,
        "The disk damaged {File} at offset {Offset}. What it held is still in memory; a snapshot is taken now. Replace "
        + "the disk")]
    private partial void LogDamage(string file, long offset);

    [LoggerMessage(LogLevel.Error, "Reading the disk again broke off, and is tried anew at the next time: {Reason}")]
    private partial void LogBrokeOff(string reason);
}
