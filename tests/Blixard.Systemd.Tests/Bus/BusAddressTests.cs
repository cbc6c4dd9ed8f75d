using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Tests.Bus;

public class BusAddressTests
{
    [Fact]
    public void The_word_system_means_the_system_bus() => Assert.Equal(BusAddress.System, BusAddress.Parse("system"));

    [Fact]
    public void An_address_is_taken_as_it_is()
    {
        var address = BusAddress.Parse("unix:path=/run/host/bus");
        Assert.Equal("unix:path=/run/host/bus", address.ToString());
        Assert.True(address.HasBusDaemon);
    }

    [Fact]
    public void A_users_manager_is_reached_without_a_bus()
    {
        Assert.Equal(new BusAddress("unix:path=/run/user/1000/systemd/private", false), BusAddress.UserManager(1000));
        Assert.Equal(BusAddress.UserManager(1000), BusAddress.Parse("unix:path=/run/user/1000/systemd/private"));
    }

    [Fact]
    public void A_user_is_looked_up_at_each_connection_and_need_not_be_there()
    {
        Assert.Equal(BusAddress.UserManager(0), BusAddress.OfUser("root").Resolve());
        Assert.Equal("the manager of user root", BusAddress.OfUser("root").ToString());

        var nobody = BusAddress.OfUser("no-such-user-here");
        Assert.Equal(
            "There is no user no-such-user-here on this host.",
            Assert.Throws<SystemdUnavailableException>(() => nobody.Resolve()).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/run/dbus/system_bus_socket")]
    [InlineData("session")]
    [InlineData(":path=/x")]
    [InlineData("unix:")]
    public void Anything_else_is_refused_with_an_example(string text)
    {
        var refused = Assert.Throws<FormatException>(() => BusAddress.Parse(text));
        Assert.Contains("unix:path=/run/dbus/system_bus_socket", refused.Message, StringComparison.Ordinal);
    }
}
