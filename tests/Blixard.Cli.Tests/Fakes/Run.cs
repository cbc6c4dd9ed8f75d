namespace Blixard.Cli.Tests.Fakes;

/// <summary>What one run of the command did.</summary>
internal sealed record Run(int ExitCode, string Output, string Error)
{
    /// <summary>Runs the command as a process would, into strings, at the samples' instant.</summary>
    public static async Task<Run> Blixard(
        IReadOnlyList<string> args,
        int? terminalWidth = null,
        IReadOnlyDictionary<string, string>? environment = null,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exitCode = await CommandLine.RunAsync(
            args,
            new Surroundings
            {
                Output = output,
                Error = error,
                TerminalWidth = terminalWidth,
                Environment = name => environment?.GetValueOrDefault(name),
                FileExists = _ => false,
                Time = time ?? new FakeTime(Samples.Now),
            },
            cancellationToken);
        return new Run(exitCode, output.ToString(), error.ToString());
    }

    public static Task<Run> Against(FakeNode node, string commandLine, int? terminalWidth = null) => Blixard(
        ["--endpoint", node.Endpoint, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)], terminalWidth);
}
