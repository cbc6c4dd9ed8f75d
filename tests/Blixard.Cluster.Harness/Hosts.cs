using System.Diagnostics;

namespace Blixard.Cluster.Harness;

/// <summary>The harness of real systemd hosts (hosts/hosts), as a process; docs/testing.md explains it.</summary>
internal static class Hosts
{
    public static string? Program { get; } = Environment.GetEnvironmentVariable("BLIXARD_HOSTS");

    /// <summary>Runs a command of the harness; its output, trimmed.</summary>
    public static async Task<string> RunAsync(params IEnumerable<string> arguments)
    {
        var (status, output, errors) = await TryAsync(arguments);
        return status == 0
            ? output.Trim()
            : throw new InvalidOperationException($"hosts {string.Join(' ', arguments)} ended with {status}: {errors}{output}");
    }

    /// <summary>Runs a command inside a host.</summary>
    public static Task<string> ExecAsync(string host, params IEnumerable<string> command) =>
        RunAsync(["exec", host, .. command]);

    public static async Task<(int Status, string Output, string Errors)> TryAsync(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Program ?? throw new InvalidOperationException("BLIXARD_HOSTS is not set"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
