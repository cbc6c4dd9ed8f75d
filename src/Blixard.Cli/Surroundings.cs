namespace Blixard.Cli;

/// <summary>All of the process that the commands touch; the tests bring their own.</summary>
internal sealed record Surroundings
{
    public required TextWriter Output { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>
    /// Columns of the terminal that <see cref="Output"/> is; null for a pipe or a file, where nothing is cut.
    /// </summary>
    public int? TerminalWidth { get; init; }

    public required Func<string, string?> Environment { get; init; }
    public required Func<string, bool> FileExists { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The command's name in the messages and completions.</summary>
    public const string CommandName = "blixard";

    /// <summary>Only on a terminal that can, and not against the user's wish (no-color.org).</summary>
    public bool WantsColour =>
        TerminalWidth is not null
        && string.IsNullOrEmpty(Environment("NO_COLOR"))
        && Environment("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>May more than ASCII be drawn? As locale(7) says it: the first of these that is set decides.</summary>
    public bool IsUtf8 =>
        (Environment("LC_ALL") is { Length: > 0 } all ? all
            : Environment("LC_CTYPE") is { Length: > 0 } characters ? characters
            : Environment("LANG") ?? "")
        .Replace("-", "", StringComparison.Ordinal)
        .EndsWith("utf8", StringComparison.OrdinalIgnoreCase);

    public static Surroundings OfThisProcess() => new()
    {
        Output = StandardOutput.Open(),
        Error = Console.Error,
        TerminalWidth = Console.IsOutputRedirected ? null : Math.Max(Console.WindowWidth, 20),
        Environment = System.Environment.GetEnvironmentVariable,
        FileExists = File.Exists,
    };
}
