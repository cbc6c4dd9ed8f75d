using Blixard.Node.Replication;
using Blixard.Raft.Host;

namespace Blixard.Node.Hosting;

/// <summary>
/// Starts the engine before everything that needs it and stops it after, handing leadership over first. If the engine
/// stops by itself, the daemon ends as failed.
/// </summary>
internal sealed partial class EngineService(
    RaftHost host,
    HostedEngine engine,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<EngineService> log) : IHostedService, IDisposable
{
    /// <summary>An election takes less; whoever waits longer waits for members that are gone.</summary>
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    /// <summary>The engine had to stop: the process must not exit with 0.</summary>
    public bool Failed { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        host.Start();
        _watching = WatchAsync();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _watching;
        if (!Failed && engine.Status is { IsLeader: true, Configuration.Voters.Count: > 1 })
        {
            await TransferAsync(cancellationToken);
        }
    }

    public void Dispose() => _stopping.Dispose();

    private async Task WatchAsync()
    {
        try
        {
            await host.Completion.WaitAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failed = true;
            LogFailed(e.Message);
            lifetime.StopApplication();
        }
    }

    private async Task TransferAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TransferTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var transfer = await host.TransferLeadershipAsync(target: null, either.Token);
            switch (transfer.Outcome)
            {
                case TransferOutcome.Moved:
                    LogTransferred();
                    break;
                case TransferOutcome.Refused:
                    LogNotTransferred("no other voter can take it");
                    break;
                default:
                    LogNotTransferred("nobody took it in time");
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            LogNotTransferred("nobody took it in time");
        }
    }

    [LoggerMessage(LogLevel.Critical, "The engine has stopped, and so does this node: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(LogLevel.Information, "Handed leadership over before stopping")]
    private partial void LogTransferred();

    [LoggerMessage(LogLevel.Warning, "Stopping as leader without handing over: {Reason}")]
    private partial void LogNotTransferred(string reason);
}
