using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Client;

namespace Blixard.Cli.Commands;

/// <summary>Options that every command takes.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string?> _endpoint = new("--endpoint")
    {
        Description = $"Node to ask: http://HOST:PORT, https://HOST:PORT or unix:/PATH "
            + $"[default: ${Endpoint.EnvironmentVariable}, {Endpoint.DefaultSocketPath} if there, {Endpoint.Default}]",
        HelpName = "ENDPOINT",
        Recursive = true,
    };

    private readonly Option<string?> _output =
        Options.Choice("--output", "-o", "How to print the answer", "FORMAT", OutputFormats.Names);

    private readonly Option<string?> _consistency = Options.Choice(
        "--consistency",
        alias: null,
        "How fresh the answer must be (stale is the node's own view, also without a quorum)",
        "LEVEL",
        ["linearizable", "stale"]);

    private readonly Option<bool> _stale = new("--stale")
    {
        Description = "Short for --consistency stale",
        Recursive = true,
    };

    private readonly Option<double?> _timeout = Options.Number<double>(
        "--timeout",
        "Seconds to wait for an answer [default: 15; events: 30 for the first]",
        "SECONDS",
        "seconds above 0 and at most 86400",
        seconds => seconds is > 0 and <= 86400);

    private readonly Option<bool> _noColour = new("--no-color")
    {
        Description = "No colours, on a terminal either (as with NO_COLOR)",
        Recursive = true,
    };

    public GlobalOptions()
    {
        _output.Recursive = true;
        _consistency.Recursive = true;
        _timeout.Recursive = true;
    }

    public void AddTo(RootCommand root)
    {
        root.Add(_endpoint);
        root.Add(_output);
        root.Add(_consistency);
        root.Add(_stale);
        root.Add(_timeout);
        root.Add(_noColour);
    }

    /// <exception cref="CliException">The options contradict each other, or the endpoint is none.</exception>
    public Invocation Read(ParseResult result, Surroundings surroundings)
    {
        var consistency = result.GetValue(_consistency);
        var stale = result.GetValue(_stale);
        if (stale && consistency == "linearizable")
        {
            throw new CliException(ExitCode.Usage, "--stale and --consistency linearizable contradict each other");
        }

        var timeout = result.GetValue(_timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var defaults = new BlixardClientOptions { Endpoint = ResolveEndpoint(result, surroundings) };
        return new Invocation(
            surroundings,
            defaults with
            {
                Timeout = timeout ?? defaults.Timeout,
                ReadyTimeout = timeout ?? defaults.ReadyTimeout,
                ConnectTimeout = timeout < defaults.ConnectTimeout ? timeout.Value : defaults.ConnectTimeout,
                Time = surroundings.Time,
                RetriesChanges = true,
            },
            stale || consistency == "stale" ? ReadOptions.Stale : ReadOptions.Linearizable,
            OutputFormats.Parse(result.GetValue(_output)),
            surroundings.WantsColour && !result.GetValue(_noColour));
    }

    private Endpoint ResolveEndpoint(ParseResult result, Surroundings surroundings)
    {
        try
        {
            return Endpoint.Resolve(result.GetValue(_endpoint), surroundings.Environment, surroundings.FileExists);
        }
        catch (FormatException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }
}
