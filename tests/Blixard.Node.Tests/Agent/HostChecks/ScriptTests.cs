using Blixard.Node.Agent.HostChecks;

namespace Blixard.Node.Tests.Agent.HostChecks;

/// <summary>Real scripts in a directory of the test's own.</summary>
public sealed class ScriptTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("blixard-checks");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_script_that_ends_well_passes_with_its_first_line()
    {
        Write("ok", "echo \"disk of $BLIXARD_VM is fine\"; echo more");
        Assert.Equal(new(true, "disk of web1 is fine"), await RunAsync("ok"));
    }

    [Fact]
    public async Task A_script_that_fails_says_with_what_and_why()
    {
        Write("bad", "echo 'disk is full' >&2; exit 3");
        Assert.Equal(new(false, "bad ended with 3: disk is full"), await RunAsync("bad"));
    }

    [Fact]
    public async Task Its_environment_is_its_own()
    {
        Write("env", "env | cut -d= -f1 | sort | tr '\\n' ' '");
        var outcome = await RunAsync("env");
        Assert.Contains("BLIXARD_VM", outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HOME", outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("DOTNET", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_output_does_not_block_it_and_is_not_kept()
    {
        Write("loud", "i=0; while [ $i -lt 2000 ]; do echo " + new string('x', 200) + "; i=$((i+1)); done");
        var outcome = await RunAsync("loud");
        Assert.True(outcome.Passed);
        Assert.Equal(new string('x', 200), outcome.Message);
    }

    [Fact]
    public async Task A_script_that_hangs_is_killed_with_its_children()
    {
        var pid = Path.Combine(_directory.FullName, "pid");
        Write("hang", $"sleep 1000 & echo $! > {pid}; wait");
        var outcome = await new Script(_directory.FullName, TimeProvider.System)
            .RunAsync("hang", "web1", TimeSpan.FromSeconds(1), Token);
        Assert.Equal(new(false, "hang did not end in 1 s"), outcome);
        var child = File.ReadAllText(pid).Trim();
        var deadline = DateTime.UtcNow + Patience;
        while (Directory.Exists($"/proc/{child}") && !File.ReadAllText($"/proc/{child}/stat").Contains(") Z "))
        {
            Assert.True(DateTime.UtcNow < deadline, $"{child} is still there");
            await Task.Yield();
        }
    }

    [Theory]
    [InlineData("../bin/sh")]
    [InlineData("/bin/sh")]
    [InlineData("a b")]
    [InlineData("..")]
    public async Task What_is_no_name_is_not_run(string name) =>
        Assert.Equal(new(false, "that is not the name of a script"), await RunAsync(name));

    [Fact]
    public async Task What_is_not_there_what_can_not_be_run_and_what_anybody_may_write_is_said()
    {
        Assert.Equal(new(false, $"none is not in {_directory.FullName} of this host"), await RunAsync("none"));
        Write("plain", "exit 0", UnixFileMode.UserRead);
        Assert.StartsWith("plain can't be run", (await RunAsync("plain")).Message, StringComparison.Ordinal);
        Write("open", "exit 0", (UnixFileMode)0b111_111_111);
        Assert.Equal(new(false, "open may be written by everybody: it is not run"), await RunAsync("open"));
    }

    private Task<ScriptOutcome> RunAsync(string name) =>
        new Script(_directory.FullName, TimeProvider.System).RunAsync(name, "web1", Patience, Token);

    private void Write(string name, string body, UnixFileMode mode = (UnixFileMode)0b111_101_101)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(path, mode);
    }
}
