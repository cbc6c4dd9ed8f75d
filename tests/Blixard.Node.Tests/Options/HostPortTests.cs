using Blixard.Node.Options;

namespace Blixard.Node.Tests.Options;

public sealed class HostPortTests
{
    [Theory]
    [InlineData("10.0.0.1:7481", "10.0.0.1", 7481)]
    [InlineData("node-1.example:1", "node-1.example", 1)]
    [InlineData("[fd00::1]:65535", "fd00::1", 65535)]
    public void An_address_is_read_and_written_back(string text, string host, int port)
    {
        Assert.True(HostPort.TryParse(text, out var parsed));
        Assert.Equal((host, port), (parsed.Host, parsed.Port));
        Assert.Equal(text, parsed.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData(":7480")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:+1")]
    [InlineData("fd00::1:7480")]
    [InlineData("ho st:7480")]
    public void Anything_else_is_not_an_address(string text) => Assert.False(HostPort.TryParse(text, out _));
}
