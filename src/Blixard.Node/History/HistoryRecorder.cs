using System.Threading.Channels;
using Blixard.Node.Agent;

namespace Blixard.Node.History;

/// <summary>
/// Takes every sweep from the agent's loop and writes it beside that loop. A disk that is slower than the sweeps costs
/// sweeps, counted, and never holds the agent up.
/// </summary>
internal sealed partial class HistoryRecorder(
    AgentViewStore views,
    HistoryStore store,
    HistorySettings settings,
    HistoryMeter meter,
    TimeProvider time,
    ILogger<HistoryRecorder> log) : BackgroundService
{
    private const int Waiting = 4;

    /// <summary>After that many sweeps without a sample a rate would tell of a time when nobody looked.</summary>
    private const int MissedSweeps = 3;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Enabled)
        {
            return;
        }

        // The agent's loop must not wait for the recovery either.
        await Task.Yield();
        var sweeps = Channel.CreateBounded<AgentView>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => meter.Dropped());
        void Take(AgentView view) => sweeps.Writer.TryWrite(view);

        var rates = new FigureRates(settings.SampleInterval * MissedSweeps, time);
        try
        {
            await GuardAsync(() => store.OpenAsync(stoppingToken));
            views.Swept += Take;
            await foreach (var view in sweeps.Reader.ReadAllAsync(stoppingToken))
            {
                rates.Longest = settings.SampleInterval * MissedSweeps;
                if (rates.Take(view) is { } sweep)
                {
                    await GuardAsync(() => store.RecordAsync(sweep, stoppingToken));
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            views.Swept -= Take;
            await GuardAsync(() => store.CloseAsync(CancellationToken.None));
        }
    }

    /// <summary>
    /// Whatever goes wrong with samples, VMs are watched and the cluster goes on: a bug here is only logged.
    /// </summary>
    private async Task GuardAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            meter.Dropped();
            LogBug(e);
        }
    }

    [LoggerMessage(LogLevel.Error, "Samples were not kept")]
    private partial void LogBug(Exception exception);
}
