using System.Diagnostics;

namespace Blixard.Cluster.Harness;

/// <summary>Programs of this machine, run to their end.</summary>
internal static class Programs
{
    /// <returns>What it wrote to its output.</returns>
    /// <exception cref="InvalidOperationException">It ended with another status than 0.</exception>
    public static async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var (status, output, errors) = await TryAsync(program, arguments);
        return status == 0
            ? output
            : throw new InvalidOperationException($"{program} ended with {status}: {errors}{output}");
    }

    public static async Task<(int Status, string Output, string Errors)> TryAsync(
        string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
