using Blixard.Node.Options;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Blixard.Node.Hosting;

/// <summary>How much is said, by category; a change takes effect with the next line.</summary>
internal sealed class LogLevels : IConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>
{
    private readonly Live<LoggingOptions> _options;
    private ConfigurationReloadToken _changed = new();

    public LogLevels(Live<LoggingOptions> options)
    {
        _options = options;
        options.Follow(Tell);
    }

    /// <summary>The options without a name, which are those that count.</summary>
    public string Name => Microsoft.Extensions.Options.Options.DefaultName;

    public IChangeToken GetChangeToken() => Volatile.Read(ref _changed);

    public void Configure(LoggerFilterOptions options)
    {
        options.MinLevel = LogLevel.Information;
        options.AddFilter("Microsoft", LogLevel.Warning);

        // What stops the host is said once, in a sentence, by NodeProcess.
        options.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        foreach (var (category, level) in _options.Value.LogLevel)
        {
            var minimum = Enum.Parse<LogLevel>(level, ignoreCase: true);
            if (string.Equals(category, "Default", StringComparison.OrdinalIgnoreCase))
            {
                options.MinLevel = minimum;
            }
            else
            {
                options.AddFilter(category, minimum);
            }
        }
    }

    /// <summary>A token tells once: who listens asks for the next before it acts.</summary>
    private void Tell() => Interlocked.Exchange(ref _changed, new ConfigurationReloadToken()).OnReload();
}
