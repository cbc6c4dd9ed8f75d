namespace Blixard.Systemd.Tests;

public class SystemdConnectionTests
{
    public static TheoryData<SystemdOptions> Senseless => new(
        new SystemdOptions { CallTimeout = TimeSpan.Zero },
        new SystemdOptions { MinRetryDelay = TimeSpan.Zero },
        new SystemdOptions { MaxRetryDelay = TimeSpan.FromMilliseconds(1) },
        new SystemdOptions { WatchCapacity = 0 });

    [Theory]
    [MemberData(nameof(Senseless))]
    public void Options_without_sense_are_refused(SystemdOptions options) =>
        Assert.ThrowsAny<ArgumentException>(() => new SystemdConnection(options, TimeProvider.System));

    [Fact]
    public async Task Making_one_connects_to_nothing()
    {
        await using var connection = new SystemdConnection(
            new() { Address = new("unix:path=/nonexistent", true) }, TimeProvider.System);
        Assert.NotNull(connection.Units);
    }
}
