using System.Net;
using System.Net.Sockets;
using System.Text;
using Blixard.Node.Monitoring;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Monitoring;

/// <summary>Over real sockets of this machine.</summary>
public sealed class ProberTests : IDisposable
{
    private readonly Prober _prober = new(TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _prober.Dispose();

    [Fact]
    public async Task A_port_that_listens_is_ok_and_one_that_does_not_is_refused()
    {
        using var listener = Listen(out var port);
        Assert.Equal(ProbeOutcome.Ok, await TryAsync(ProbeKind.Tcp, $"127.0.0.1:{port}"));
        listener.Stop();
        Assert.Equal(
            new(false, "Network unreachable: connection refused"), await TryAsync(ProbeKind.Tcp, $"127.0.0.1:{port}"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK", 0, true, "Network OK")]
    [InlineData("HTTP/1.1 302 Found", 0, true, "Network OK")]
    [InlineData("HTTP/1.1 503 Sorry", 0, false, "HTTP status 503, expected 200 to 399")]
    [InlineData("HTTP/1.1 200 OK", 204, false, "HTTP status 200, expected 204")]
    [InlineData("HTTP/1.1 401 No", 401, true, "Network OK")]
    [InlineData("SSH-2.0-x", 0, false, "HTTP failed: the answer is not HTTP")]
    public async Task A_status_is_the_answer(string line, uint expected, bool passed, string message)
    {
        using var listener = Listen(out var port);
        var serving = ServeAsync(listener, line + "\r\nContent-Length: 0\r\n\r\n");

        var outcome = await TryAsync(ProbeKind.Http, $"http://127.0.0.1:{port}/health", expected);

        Assert.Equal(new(passed, message), outcome);
        await serving;
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_in_time()
    {
        using var listener = Listen(out var port);
        var outcome = await _prober.TryAsync(
            Of(ProbeKind.Http, $"http://127.0.0.1:{port}/", 0) with { TimeoutMilliseconds = 100 }, Token);
        Assert.Equal(new(false, "Network unreachable: no answer in 0.1 s"), outcome);
    }

    [Theory]
    [InlineData(ProbeKind.Icmp, "0.0.0.0")]
    [InlineData(ProbeKind.Icmp, "[::]")]
    [InlineData(ProbeKind.Tcp, "0.0.0.0:1")]
    [InlineData(ProbeKind.Tcp, "[::]:1")]
    [InlineData(ProbeKind.Http, "http://0.0.0.0:1/")]
    [InlineData(ProbeKind.Http, "http://[::]:1/%zz")]
    public async Task A_target_that_is_none_is_a_failure_and_no_exception(ProbeKind kind, string target)
    {
        var policy = new HealthPolicy();
        policy.Probes.Add(new HealthProbe
        {
            Name = "network",
            Kind = kind,
            Target = target,
            IntervalSeconds = 10,
            TimeoutMs = 10_000,
            Failures = 1,
            Successes = 1,
        });
        Assert.Null(HealthPolicyRules.Check(policy));

        var outcome = await TryAsync(kind, target);

        Assert.False(outcome.Passed);
        Assert.DoesNotContain(outcome.Message, char.IsControl);
    }

    [Fact]
    public async Task This_machine_answers_an_echo_or_says_what_is_missing()
    {
        var outcome = await TryAsync(ProbeKind.Icmp, "127.0.0.1");
        Assert.True(
            outcome == ProbeOutcome.Ok || outcome.Message.StartsWith("ICMP is not allowed here", StringComparison.Ordinal),
            outcome.Message);
    }

    [Fact]
    public void An_echo_request_has_a_good_checksum_and_only_its_own_answer_is_one()
    {
        var request = IcmpEcho.Request(isV6: false);
        Assert.Equal(0, IcmpEcho.Checksum(request));
        byte[] answer = [0, .. request[1..]];
        Assert.True(IcmpEcho.IsAnswer(answer, request, isV6: false));
        Assert.False(IcmpEcho.IsAnswer(request, request, isV6: false));
        Assert.False(IcmpEcho.IsAnswer(answer, IcmpEcho.Request(isV6: false), isV6: false));
        Assert.False(IcmpEcho.IsAnswer(answer.AsSpan(0, 8), request, isV6: false));
        Assert.True(IcmpEcho.WithoutIpHeader([0x45, .. new byte[19], 7]).SequenceEqual(new byte[] { 7 }));
        Assert.True(IcmpEcho.WithoutIpHeader([0x4f, 1]).IsEmpty);
    }

    private Task<ProbeOutcome> TryAsync(ProbeKind kind, string target, uint expected = 0) =>
        _prober.TryAsync(Of(kind, target, expected), Token);

    private static Probe Of(ProbeKind kind, string target, uint expected) => new()
    {
        Name = "network",
        Kind = kind,
        Target = target,
        IntervalSeconds = 10,
        TimeoutMilliseconds = 10_000,
        ExpectedStatus = expected,
    };

    private static TcpListener Listen(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }

    private static async Task ServeAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync(Token);
        var stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[4096], Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), Token);
    }
}
