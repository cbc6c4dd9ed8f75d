using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Network;

public sealed class ProcessNetworkTests : IDisposable
{
    private const string Dev =
        """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo: 9999999   99999    0    0    0     0          0         0  9999999   99999    0    0    0     0       0          0
          eth0: 1000      10       1    2    0     0          0         0  2000      20       3    4    0     0       0          0
          tap0:1          1        0    0    0     0          0         0  2         2        0    0    0     0       0          0
        """;

    private readonly TemporaryDirectory _proc = new();
    private readonly ReadErrors _errors = new();

    public ProcessNetworkTests() => _proc.Write("self/net/dev", Dev);

    public void Dispose() => _proc.Dispose();

    [Fact]
    public void Interfaces_are_summed_without_the_loopback()
    {
        _proc.Write("42/net/dev", Dev);
        Assert.Equal(new NetworkCounters(1001, 11, 1, 2, 2002, 22, 3, 4), Read(42));
    }

    [Fact]
    public void The_hosts_own_counters_are_not_taken_for_a_vms()
    {
        Share("42");
        Assert.Null(Read(42));
    }

    [Fact]
    public void A_process_that_has_ended_is_null()
    {
        Assert.Null(Read(43));
        Directory.CreateDirectory(_proc.Combine("44"));
        Assert.Null(Read(44));
        Assert.Equal(0, _errors.Malformed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb\nno counters here\n")]
    [InlineData("a\nb\neth0: 1 2 3\n")]
    [InlineData("a\nb\neth0: 1 x 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n")]
    public void A_malformed_file_is_null_and_counted(string content)
    {
        _proc.Write("42/net/dev", content);
        Assert.Null(Read(42));
        Assert.Equal(1, _errors.Malformed);
    }

    [Fact]
    public void This_process_is_in_its_own_namespace() =>
        Assert.Null(new ProcessNetwork(Environment.ProcessId, _errors).Read());

    [Fact]
    public void A_process_that_is_moved_to_a_namespace_of_its_own_is_found_there()
    {
        Share("42");
        using var network = new ProcessNetwork(42, _errors, _proc.Path);
        Assert.Null(network.Read());
        File.Delete(_proc.Combine("42", "net", "dev"));
        _proc.Write("42/net/dev", Dev);
        NetworkCounters? counters = null;
        for (var i = 0; i < 20 && counters is null; i++)
        {
            counters = network.Read();
        }

        Assert.Equal(1001ul, counters?.ReceivedBytes);
    }

    [Fact]
    public void Reading_again_allocates_nothing()
    {
        _proc.Write("42/net/dev", Dev);
        using var network = new ProcessNetwork(42, _errors, _proc.Path);
        network.Read();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            network.Read();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private NetworkCounters? Read(int pid)
    {
        using var network = new ProcessNetwork(pid, _errors, _proc.Path);
        return network.Read();
    }

    /// <summary>A process in our own namespace: its file is the same one.</summary>
    private void Share(string process)
    {
        Directory.CreateDirectory(_proc.Combine(process, "net"));
        File.CreateSymbolicLink(_proc.Combine(process, "net", "dev"), _proc.Combine("self", "net", "dev"));
    }
}
