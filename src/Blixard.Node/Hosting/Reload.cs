using System.Runtime.InteropServices;
using System.Threading.Channels;
using Blixard.Node.Options;

namespace Blixard.Node.Hosting;

/// <summary>
/// Has the configuration read anew when SIGHUP asks for it. What reloads takes effect at once, what does not is named in
/// the log, and a configuration with a mistake changes nothing.
/// </summary>
/// <param name="reread">The configuration as its sources have it now.</param>
internal sealed partial class Reload(Func<NodeSettings> reread, Live<NodeSettings> live, ILogger<Reload> log)
{
    private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();

    /// <summary>The last attempt was refused, and the log says why.</summary>
    public bool WasRefused { get; private set; }

    /// <summary>SIGHUP asks from now on, and no longer ends this process.</summary>
    public IDisposable ListenForSignal() => PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
    {
        context.Cancel = true;
        Ask();
    });

    public void Ask() => _asked.Writer.TryWrite(true);

    /// <summary>Completes when somebody has asked, once for each.</summary>
    public Task AskedAsync(CancellationToken cancellationToken) => _asked.Reader.ReadAsync(cancellationToken).AsTask();

    /// <summary>One at a time.</summary>
    public void Run()
    {
        SettingsChange change;
        try
        {
            change = SettingsChange.Between(live.Value, reread());
        }
        catch (ConfigurationException e)
        {
            WasRefused = true;
            foreach (var problem in e.Problems)
            {
                LogRefused(problem);
            }

            return;
        }

        WasRefused = false;
        live.Set(change.Settings);
        LogTaken(change.Taken.Count == 0 ? "nothing" : string.Join(", ", change.Taken));
        if (change.Waiting.Count > 0)
        {
            LogWaiting(string.Join(", ", change.Waiting));
        }
    }

    [LoggerMessage(LogLevel.Information, "Read the configuration anew; changed: {Keys}")]
    private partial void LogTaken(string keys);

    [LoggerMessage(LogLevel.Warning, "What changed in {Keys} takes effect only when this node is started anew")]
    private partial void LogWaiting(string keys);

    [LoggerMessage(LogLevel.Error, "The configuration was read anew and is refused, what was in force stays: {Problem}")]
    private partial void LogRefused(string problem);
}
