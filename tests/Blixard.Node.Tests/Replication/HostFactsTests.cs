using Blixard.Node.Replication;

namespace Blixard.Node.Tests.Replication;

public sealed class HostFactsTests
{
    [Fact]
    public void The_kernel_says_what_this_host_is()
    {
        var facts = HostFacts.Read();
        Assert.True(Guid.TryParse(facts.BootId, out _));
        Assert.True(facts.Cpus > 0);
        Assert.True(facts.MemoryBytes > 1 << 20);
        Assert.Equal("0.1.0", HostFacts.Version);
    }

    [Theory]
    [InlineData(new[] { "MemTotal:       16384 kB", "MemFree: 1 kB" }, 16384UL << 10)]
    [InlineData(new[] { "MemFree: 1 kB" }, 0UL)]
    [InlineData(new[] { "MemTotal: much kB" }, 0UL)]
    public void Memory_is_read_from_meminfo(string[] lines, ulong expected) =>
        Assert.Equal(expected, HostFacts.MemoryOf(lines));
}
