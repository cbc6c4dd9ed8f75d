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
            : throw new InvalidOperationException(
                $"hosts {string.Join(' ', arguments)} ended with {status}: {errors}{output}");
    }

    /// <summary>Runs a command inside a host.</summary>
    public static Task<string> ExecAsync(string host, params IEnumerable<string> command) =>
        RunAsync(["exec", host, .. command]);

    public static Task<(int Status, string Output, string Errors)> TryAsync(params IEnumerable<string> arguments) =>
        Programs.TryAsync(Program ?? throw new InvalidOperationException("BLIXARD_HOSTS is not set"), arguments);
}
