namespace Blixard.Cli;

/// <summary>What scripts may rely on.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The node answered with a problem, or the answer was not understood.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was asked.</summary>
    public const int Usage = 2;

    /// <summary>No node answered.</summary>
    public const int Unreachable = 3;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;
}

/// <summary>An error that the user can mend, in one sentence.</summary>
internal sealed class CliException(int exitCode, string message, string? hint = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>A second line that helps.</summary>
    public string? Hint { get; } = hint;
}
