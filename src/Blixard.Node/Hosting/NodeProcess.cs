using System.Globalization;
using System.Security.Cryptography;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd;

namespace Blixard.Node.Hosting;

/// <summary>The life of the daemon, from its arguments to its exit code.</summary>
internal static partial class NodeProcess
{
    /// <returns>0 after an orderly stop, 1 if the daemon could not start or had to stop.</returns>
    public static async Task<int> RunAsync(NodeArguments arguments)
    {
        try
        {
            var settings = Read(arguments);
            if (arguments.Recover is not null)
            {
                Recovering.RequireIdentity(settings.Storage.DataDirectory);
            }

            using var data = new DataDirectory(settings.Storage.DataDirectory);
            if (arguments.Recover is { } recover)
            {
                Recovering.Recover(settings, data, recover, NewClusterId, Console.Out);
                return 0;
            }

            if (arguments.JoinToken is { } token)
            {
                await Console.Out.WriteLineAsync(Joining.Join(settings, data, JoinToken.Parse(token)));
                return 0;
            }

            var identity = FirstStart.Resolve(settings, data, NewClusterId);
            return await RunAsync(settings, identity, data, () => Read(arguments));
        }
        catch (Exception e) when (e is ConfigurationException or IdentityException)
        {
            // Before there is a log to write to, and for the operator who has just changed something.
            var problems = e is ConfigurationException configuration ? configuration.Problems : [e.Message];
            foreach (var problem in problems)
            {
                await Console.Error.WriteLineAsync($"blixard-node: {problem}");
            }

            return CommandLine.Failed;
        }
    }

    /// <exception cref="ConfigurationException">It can't be read, or has mistakes.</exception>
    private static NodeSettings Read(NodeArguments arguments) => NodeSettings.Bind(ConfigurationSources.Combine(
        ConfigurationSources.File(arguments.ConfigFile),
        ConfigurationSources.Environment(Environment.GetEnvironmentVariables()),
        arguments.Entries));

    private static async Task<int> RunAsync(
        NodeSettings settings, NodeIdentity identity, DataDirectory data, Func<NodeSettings> reread)
    {
        var addresses = NodeAddresses.Of(settings, identity);
        await using var app = NodeComposition.Build(settings, identity, addresses, data, reread);
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Blixard.Node");
        using var signal = app.Services.GetRequiredService<Reload>().ListenForSignal();
        LogStarting(log, HostFacts.Version, identity.Name, identity.Member.ToString(), Hex(identity.ClusterId), data.Root);
        try
        {
            // Recovers the log: whatever is wrong with the disk shows here, before anything listens.
            app.Services.GetRequiredService<RaftHost>();
            NodeComposition.Map(app);
            await app.StartAsync();

            // Not RunAsync: it disposes of the services, and with them of what is to be said about the end.
            await app.WaitForShutdownAsync();
        }
        catch (Exception e) when (IsOfTheWorld(e))
        {
            LogCannotRun(log, e.Message);
            return CommandLine.Failed;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Stopped before all of it had started, by a service that failed or from outside: told below.
        }

        var failed = HasFailed(app.Services, log);
        LogStopped(log, failed ? "failed" : "in order");
        return failed ? CommandLine.Failed : 0;
    }

    /// <summary>
    /// A loop that ended with an exception has stopped the daemon; systemd is to see that and restart it.
    /// </summary>
    private static bool HasFailed(IServiceProvider services, ILogger log)
    {
        var failed = services.GetRequiredService<EngineService>().Failed;
        foreach (var service in services.GetServices<IHostedService>().OfType<BackgroundService>())
        {
            if (service.ExecuteTask is { IsFaulted: true, Exception: { } exception })
            {
                var cause = exception.InnerException ?? exception;
                if (IsOfTheWorld(cause))
                {
                    LogCannotRun(log, cause.Message);
                }
                else
                {
                    LogLoopFailed(log, cause, service.GetType().Name);
                }

                failed = true;
            }
        }

        return failed;
    }

    /// <summary>
    /// What an operator can do something about gets one line; everything else is a bug and its stack trace.
    /// </summary>
    private static bool IsOfTheWorld(Exception e) => e is IOException
        or UnauthorizedAccessException
        or System.Net.Sockets.SocketException
        or ConfigurationException
        or IdentityException
        or WalCorruptException
        or SnapshotCorruptException
        or StorageIdentityException
        or StorageVersionException
        or SnapshotUnreadableException
        or UndecodableCommandException
        or ApplyFailedException
        or SystemdUnavailableException;

    private static ulong NewClusterId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return Math.Max(1, BitConverter.ToUInt64(bytes));
    }

    private static string Hex(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);

    [LoggerMessage(
        LogLevel.Information,
        "blixard-node {Version}: node {Node}, member {Member} of cluster {Cluster}, data in {Directory}")]
    private static partial void LogStarting(
        ILogger log, string version, string node, string member, string cluster, string directory);

    [LoggerMessage(LogLevel.Critical, "This node can't run: {Reason}")]
    private static partial void LogCannotRun(ILogger log, string reason);

    [LoggerMessage(LogLevel.Critical, "{Service} failed, and stopped this node")]
    private static partial void LogLoopFailed(ILogger log, Exception exception, string service);

    [LoggerMessage(LogLevel.Information, "Stopped: {How}")]
    private static partial void LogStopped(ILogger log, string how);
}
