using Blixard.Client;

namespace Blixard.Cli.Tests.Client;

public class EndpointTests
{
    [Theory]
    [InlineData("http://n1:7480", "http://n1:7480", "http://n1:7480/", null)]
    [InlineData("https://n1", "https://n1", "https://n1/", null)]
    [InlineData("http://n1:7480/", "http://n1:7480", "http://n1:7480/", null)]
    [InlineData("n1", "http://n1:7480", "http://n1:7480/", null)]
    [InlineData("n1:81", "http://n1:81", "http://n1:81/", null)]
    [InlineData("10.0.0.1:7480", "http://10.0.0.1:7480", "http://10.0.0.1:7480/", null)]
    [InlineData("[::1]", "http://[::1]:7480", "http://[::1]:7480/", null)]
    [InlineData("[::1]:81", "http://[::1]:81", "http://[::1]:81/", null)]
    [InlineData("unix:/run/x.sock", "unix:/run/x.sock", "http://localhost/", "/run/x.sock")]
    [InlineData("unix:///run/x.sock", "unix:/run/x.sock", "http://localhost/", "/run/x.sock")]
    [InlineData("/run/x.sock", "unix:/run/x.sock", "http://localhost/", "/run/x.sock")]
    public void Every_form_is_understood(string text, string shown, string baseAddress, string? path)
    {
        var endpoint = Endpoint.Parse(text);

        Assert.Equal(
            (shown, baseAddress, path), (endpoint.Text, endpoint.BaseAddress.AbsoluteUri, endpoint.SocketPath));
        Assert.Equal(endpoint, Endpoint.Parse(endpoint.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("ftp://n1")]
    [InlineData("http://")]
    [InlineData("http://n1/v1")]
    [InlineData("http://n1/?q=1")]
    [InlineData("http://root:secret@n1")]
    [InlineData("n1:port")]
    [InlineData("n1:99999")]
    [InlineData("::1")]
    [InlineData("unix:relative.sock")]
    [InlineData("unix:")]
    [InlineData("unix://host/x.sock")]
    [InlineData("/")]
    public void Anything_else_is_refused_and_quoted(string text)
    {
        var refusal = Assert.Throws<FormatException>(() => Endpoint.Parse(text));

        Assert.StartsWith($"endpoint \"{text}\" is not understood", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://a:1", "http://b:2", true, "http://a:1")]
    [InlineData(null, "http://b:2", true, "http://b:2")]
    [InlineData(null, "", true, "unix:/run/blixard/blixard.sock")]
    [InlineData(null, null, true, "unix:/run/blixard/blixard.sock")]
    [InlineData(null, null, false, "http://127.0.0.1:7480")]
    public void The_option_goes_before_the_variable_the_socket_and_the_port(
        string? option, string? variable, bool socketThere, string expected)
    {
        var endpoint = Endpoint.Resolve(
            option,
            name => name == "BLIXARD_ENDPOINT" ? variable : null,
            path => socketThere && path == "/run/blixard/blixard.sock");

        Assert.Equal(expected, endpoint.Text);
    }

    [Fact]
    public void A_wrong_variable_is_named()
    {
        var refusal = Assert.Throws<FormatException>(() => Endpoint.Resolve(null, _ => "ftp://x", _ => false));

        Assert.StartsWith("BLIXARD_ENDPOINT: endpoint \"ftp://x\"", refusal.Message, StringComparison.Ordinal);
    }
}
