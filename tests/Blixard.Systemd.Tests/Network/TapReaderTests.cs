using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Network;

public sealed class TapReaderTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();
    private readonly ReadErrors _errors = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void What_the_host_received_is_what_the_guest_sent()
    {
        using var reader = new TapReader("vm-web1", _errors, Path.Combine(AppContext.BaseDirectory, "Fixtures", "net"));

        Assert.Equal(
            new NetworkCounters(
                ReceivedBytes: 500,
                ReceivedPackets: 600,
                ReceiveErrors: 700,
                ReceiveDropped: 800,
                SentBytes: 100,
                SentPackets: 200,
                SendErrors: 300,
                SendDropped: 400),
            reader.Read());
    }

    [Fact]
    public void An_interface_that_is_not_there_is_null()
    {
        using var reader = new TapReader("vm-web2", _errors, _root.Path);
        Assert.Null(reader.Read());
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void A_malformed_counter_is_null_and_counted()
    {
        _root.Write("vm-web1/statistics/tx_bytes", "many\n");
        using var reader = new TapReader("vm-web1", _errors, _root.Path);
        Assert.Null(reader.Read());
        Assert.Equal(1, _errors.Malformed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("name-of-sixteen-")]
    [InlineData("a b")]
    [InlineData("eth0:1")]
    public void What_cannot_be_an_interface_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new TapReader(name, _errors, _root.Path));
}
