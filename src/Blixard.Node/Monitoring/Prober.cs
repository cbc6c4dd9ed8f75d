using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Monitoring;

/// <summary>TCP connect, HTTP GET and ICMP echo over the real network.</summary>
internal sealed class Prober(TimeProvider time) : IProber, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,

        // Each try is to show that a connection can be made.
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 16,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { UserAgent = { new("blixard-probe", null) } },
    };

    public async Task<ProbeOutcome> TryAsync(Probe probe, CancellationToken cancellationToken)
    {
        var timeout = TimeSpan.FromMilliseconds(probe.TimeoutMilliseconds);
        using var over = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            return probe.Kind switch
            {
                ProbeKind.Tcp => await ConnectAsync(probe.Target, either.Token),
                ProbeKind.Http => await GetAsync(probe, either.Token),
                ProbeKind.Icmp => await IcmpEcho.TryAsync(probe.Target, either.Token),
                _ => throw new UnreachableException($"{probe.Kind} is no probe from outside"),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeOutcome.Unreachable(
                string.Create(CultureInfo.InvariantCulture, $"no answer in {timeout.TotalSeconds:0.###} s"));
        }
        catch (SocketException e)
        {
            return ProbeOutcome.Unreachable(Reason(e));
        }
        catch (HttpRequestException e)
        {
            return e.InnerException is SocketException socket
                ? ProbeOutcome.Unreachable(Reason(socket))
                : new(false, "HTTP failed: " + Reason(e.HttpRequestError));
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException
            or NotSupportedException or IOException)
        {
            // A target that has the right form and is none, as 0.0.0.0: whoever set it is told, and nobody else.
            return new(false, HostHealth.Short("The target can't be tried: " + e.Message.ReplaceLineEndings(" ")));
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<ProbeOutcome> ConnectAsync(string target, CancellationToken cancellationToken)
    {
        var colon = target.LastIndexOf(':');
        var port = int.Parse(target.AsSpan(colon + 1), CultureInfo.InvariantCulture);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(target[..colon].Trim('[', ']'), port, cancellationToken);
        return ProbeOutcome.Ok;
    }

    /// <summary>The status is the answer; the body is not read.</summary>
    private async Task<ProbeOutcome> GetAsync(Probe probe, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, probe.Target);
        request.Headers.ConnectionClose = true;
        using var response = await _http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var status = (int)response.StatusCode;
        var passed = probe.ExpectedStatus == 0 ? status is >= 200 and < 400 : status == probe.ExpectedStatus;
        var expected = probe.ExpectedStatus == 0
            ? "200 to 399"
            : probe.ExpectedStatus.ToString(CultureInfo.InvariantCulture);
        return passed
            ? ProbeOutcome.Ok
            : new(false, string.Create(CultureInfo.InvariantCulture, $"HTTP status {status}, expected {expected}"));
    }

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostUnreachable or SocketError.HostDown => "no route to host",
        SocketError.NetworkUnreachable or SocketError.NetworkDown => "network is unreachable",
        SocketError.TimedOut => "timed out",
        SocketError.ConnectionReset => "connection reset",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "host not found",
        var other => other.ToString(),
    };

    private static string Reason(HttpRequestError error) => error switch
    {
        HttpRequestError.SecureConnectionError => "no secure connection",
        HttpRequestError.ResponseEnded => "the answer ended early",
        HttpRequestError.InvalidResponse => "the answer is not HTTP",
        HttpRequestError.NameResolutionError => "host not found",
        var other => other.ToString(),
    };
}
