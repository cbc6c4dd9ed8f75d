using Blixard.Node.Hosting;
using Blixard.Node.Identity;

namespace Blixard.Node.Tests.Hosting;

public sealed class CommandLineTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private NodeArguments? _ran;

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Without_arguments_the_daemon_runs_with_its_defaults()
    {
        Assert.Equal(7, await RunAsync());
        Assert.Null(_ran!.ConfigFile);
        Assert.Empty(_ran.Entries);
    }

    [Fact]
    public async Task Every_key_is_a_flag_and_some_have_a_short_form()
    {
        await RunAsync(
            "--bootstrap", "--config", "/etc/b.json", "--raft:tickmilliseconds=20", "--Node:Labels:zone", "z=1",
            "--data-dir=/data");

        Assert.Equal("/etc/b.json", _ran!.ConfigFile);
        Assert.Equal(
            [
                new("raft:tickmilliseconds", "20", "flag --raft:tickmilliseconds"),
                new("Node:Labels:zone", "z=1", "flag --Node:Labels:zone"),
                new("Storage:DataDirectory", "/data", "flag --data-dir"),
                new("Cluster:Bootstrap", "true", "flag --bootstrap"),
            ],
            _ran.Entries);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Recovery_is_asked_for_with_the_directory_and_the_configuration_of_the_daemon(bool dry, bool damaged)
    {
        string[] flags = [.. dry ? ["--dry-run"] : Array.Empty<string>(), .. damaged ? ["--accept-damage"] : Array.Empty<string>()];
        Assert.Equal(7, await RunAsync(["recover", .. flags, "--data-dir", "/data", "--config", "/etc/b.json"]));

        Assert.Equal(new RecoverArguments(dry, damaged), _ran!.Recover);
        Assert.Equal("/etc/b.json", _ran.ConfigFile);
        Assert.Equal([new("Storage:DataDirectory", "/data", "flag --data-dir")], _ran.Entries);
    }

    [Theory]
    [InlineData("--accept")]
    [InlineData("TOKEN")]
    [InlineData("--bootstrap")]
    public async Task Wrong_usage_of_recovery_exits_with_2_and_does_nothing(string argument)
    {
        Assert.Equal(CommandLine.UsageError, await RunAsync("recover", argument));
        Assert.Null(_ran);
        Assert.Contains(argument, _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("extra")]
    [InlineData("--config")]
    [InlineData("--raft:tickmilliseconds")]
    public async Task Wrong_usage_is_told_and_exits_with_2(string argument)
    {
        Assert.Equal(CommandLine.UsageError, await RunAsync(argument));
        Assert.Null(_ran);
        Assert.Contains(argument, _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "--data-dir")]
    [InlineData("--configuration-reference", "`Raft:TickMilliseconds`")]
    public async Task What_only_asks_does_not_run_the_daemon(string argument, string expected)
    {
        Assert.Equal(0, await RunAsync(argument));
        Assert.Null(_ran);
        Assert.Contains(expected, _output.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(
        args,
        arguments =>
        {
            _ran = arguments;
            return Task.FromResult(7);
        },
        _output,
        _error);
}
