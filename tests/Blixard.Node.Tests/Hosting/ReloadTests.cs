using Blixard.Node.Hosting;
using Blixard.Node.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Blixard.Node.Tests.Hosting;

public sealed class ReloadTests
{
    private readonly Live<NodeSettings> _live = new(Settings.Of(("Agent:SampleSeconds", "5")));
    private readonly LineLog _log = new();
    private Func<NodeSettings> _sources = () => Settings.Of();

    [Fact]
    public void What_changed_is_in_force_and_told()
    {
        _sources = () => Settings.Of(("Agent:SampleSeconds", "9"), ("Raft:ElectionTicks", "20"));

        Run();

        Assert.Equal((9, 6), (_live.Value.Agent.SampleSeconds, _live.Value.Raft.ElectionTicks));
        Assert.Equal(
            [
                "Information: Read the configuration anew; changed: Agent:SampleSeconds",
                "Warning: What changed in Raft:ElectionTicks takes effect only when this node is started anew",
            ],
            _log.Lines);
    }

    [Fact]
    public void A_configuration_with_mistakes_changes_nothing_and_each_is_told()
    {
        _sources = () => Settings.Of(("Agent:SampleSeconds", "0"), ("Agent:KeepAliveSeconds", "7"), ("Raft:HeartbeatTicks", "5"));
        var reload = Run();

        Assert.True(reload.WasRefused);
        Assert.Equal((5, 30), (_live.Value.Agent.SampleSeconds, _live.Value.Agent.KeepAliveSeconds));
        Assert.Equal(2, _log.Lines.Count);
        Assert.All(_log.Lines, line => Assert.StartsWith(
            "Error: The configuration was read anew and is refused, what was in force stays: ", line, StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("Agent:SampleSeconds", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("Raft:ElectionTicks", StringComparison.Ordinal));

        _sources = () => Settings.Of(("Agent:SampleSeconds", "6"));
        reload.Run();
        Assert.False(reload.WasRefused);
        Assert.Equal(6, _live.Value.Agent.SampleSeconds);
    }

    [Fact]
    public async Task Who_asks_before_anybody_listens_is_not_forgotten()
    {
        var reload = new Reload(_sources, _live, _log);
        reload.Ask();

        await reload.AskedAsync(TestContext.Current.CancellationToken);
        Assert.False(reload.AskedAsync(TestContext.Current.CancellationToken).IsCompleted);
    }

    [Fact]
    public void How_much_is_logged_changes_with_the_next_line()
    {
        var levels = new Live<LoggingOptions>(new());
        var services = new ServiceCollection();
        services.AddSingleton(TimeProvider.System);
        services.AddLogging(logging => Logging.Configure(logging, levels));
        using var provider = services.BuildServiceProvider();
        var log = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Blixard.Node.Agent");
        Assert.False(log.IsEnabled(LogLevel.Debug));

        levels.Set(new() { LogLevel = new() { ["Blixard.Node"] = "Debug" } });
        Assert.True(log.IsEnabled(LogLevel.Debug));

        levels.Set(new() { LogLevel = new() { ["Default"] = "Error" } });
        Assert.False(log.IsEnabled(LogLevel.Warning));
    }

    private Reload Run()
    {
        var reload = new Reload(() => _sources(), _live, _log);
        reload.Run();
        return reload;
    }

    private sealed class LineLog : ILogger<Reload>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
