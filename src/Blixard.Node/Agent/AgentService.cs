namespace Blixard.Node.Agent;

/// <summary>
/// Runs the agent's loops for the life of the daemon. If one fails, the daemon ends and is restarted.
/// </summary>
internal sealed class AgentService(AgentLoop loop, UnitReporter reporter) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] loops = [loop.RunAsync(stop.Token), reporter.RunAsync(stop.Token), reporter.FollowAsync(stop.Token)];
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
