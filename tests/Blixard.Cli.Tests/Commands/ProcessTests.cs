using System.Diagnostics;
using System.Runtime.InteropServices;
using Blixard.Cli.Tests.Fakes;

namespace Blixard.Cli.Tests.Commands;

/// <summary>The real program in a real shell: what strings in a test cannot show.</summary>
public class ProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Following_into_a_pipe_ends_when_the_reader_has_enough()
    {
        await using var node = await FakeNode.StartAsync(unixSocket: true);
        node.Send(Samples.Ready(10, lists: false));
        // More than a pipe holds, and then silence: it ends by the closed pipe or not at all.
        for (var i = 11ul; i < 3000; i++)
        {
            node.Send(Samples.Modify("web1", i));
        }

        var (output, error) = await ShellAsync(
            "{ ./blixard events; echo exit $? >&2; } | head -n 1", node.Endpoint);

        Assert.Equal($"[2026-05-31T16:30:00.011Z] {Samples.UuidOf("web1")} modify\n", output);
        Assert.Equal("exit 0\n", error);
    }

    [Fact]
    public async Task A_full_disk_is_no_success()
    {
        await using var node = await FakeNode.StartAsync(unixSocket: true);

        var (_, error) = await ShellAsync(
            "./blixard ping >/dev/full; echo exit $? >&2", node.Endpoint);

        Assert.Equal("cannot write the answer: No space left on device\nexit 1\n", error);
    }

    [Fact]
    public async Task The_exit_code_is_the_process_exit_code()
    {
        var (output, error) = await ShellAsync(
            "./blixard vm show 2>/dev/null; echo $?; ./blixard ping; echo $?", "unix:/nonexistent");

        Assert.Equal("2\n3\n", output);
        Assert.Equal("cannot reach blixard-node at unix:/nonexistent: there is no such socket; is it running?\n", error);
    }

    private static async Task<(string Output, string Error)> ShellAsync(string script, string endpoint)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", script])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The runtime that runs this test, wherever it is installed.
        start.Environment["DOTNET_ROOT"] =
            Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["BLIXARD_ENDPOINT"] = endpoint;
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
