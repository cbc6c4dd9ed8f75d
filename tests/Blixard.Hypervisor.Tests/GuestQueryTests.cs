using System.Net.Sockets;
using Blixard.Hypervisor.Tests.Fakes;

namespace Blixard.Hypervisor.Tests;

public sealed class GuestQueryTests
{
    private const string Size512 = """{"return": {"base-memory": 536870912, "plugged-memory": 0}}""";

    private const string VmInfo = """
        {"config": {"cpus": {"boot_vcpus": 3, "max_vcpus": 8}, "memory": {"size": 536870912, "mergeable": false,
        "hotplugged_size": 268435456, "zones": null}}, "state": "Running", "memory_actual_size": 805306368}
        """;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private readonly FakeTime _time = new();

    [Fact]
    public async Task Qemu_tells_its_guests_memory_and_cpus()
    {
        await using var qemu = FakeHypervisor.Qemu(
            """{"return": {"base-memory": 536870912, "plugged-memory": 268435456}}""");

        Assert.Equal(new GuestSize(768UL << 20, 2), await AskAsync(ControlProtocol.Qmp, qemu.Socket));
    }

    [Fact]
    public async Task The_connection_is_closed_when_the_answer_is_there()
    {
        await using var qemu = FakeHypervisor.Qemu(Size512);
        await AskAsync(ControlProtocol.Qmp, qemu.Socket);

        // The fake serves one client at a time, as QEMU does: a second would wait for the first to go, for ever.
        await AskAsync(ControlProtocol.Qmp, qemu.Socket);
        await AskAsync(ControlProtocol.Qmp, qemu.Socket);
        await UntilAsync(() => qemu.Served == 3);
    }

    [Fact]
    public async Task Only_what_changes_nothing_is_ever_said_to_qemu()
    {
        await using var qemu = FakeHypervisor.Qemu(Size512);
        await AskAsync(ControlProtocol.Qmp, qemu.Socket);

        Assert.Equal(
            """
            {"execute":"qmp_capabilities"}
            {"execute":"query-memory-size-summary"}
            {"execute":"query-cpus-fast"}

            """,
            qemu.Heard);
    }

    [Fact]
    public async Task Qemu_that_does_not_tell_its_cpus_still_tells_its_memory()
    {
        await using var qemu = FakeHypervisor.Qemu(
            Size512, """{"error": {"class": "CommandNotFound", "desc": "not known"}}""");

        Assert.Equal(new GuestSize(512UL << 20, null), await AskAsync(ControlProtocol.Qmp, qemu.Socket));
    }

    [Fact]
    public async Task Cloud_hypervisor_tells_its_guests_memory_with_what_was_plugged_in()
    {
        await using var vmm = FakeHypervisor.Http(FakeHypervisor.Ok(VmInfo));

        Assert.Equal(new GuestSize(768UL << 20, 3), await AskAsync(ControlProtocol.CloudHypervisor, vmm.Socket));
        Assert.StartsWith("GET /api/v1/vm.info HTTP/1.1\r\n", vmm.Heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_zones_of_cloud_hypervisor_are_added_up()
    {
        await using var vmm = FakeHypervisor.Http(FakeHypervisor.Ok(
            """{"config": {"memory": {"size": 0, "zones": [{"id": "a", "size": 1048576}, {"id": "b", "size": 2097152}]}}}"""));

        Assert.Equal(new GuestSize(3UL << 20, null), await AskAsync(ControlProtocol.CloudHypervisor, vmm.Socket));
    }

    [Fact]
    public async Task Firecracker_tells_its_guests_memory_and_cpus()
    {
        await using var vmm = FakeHypervisor.Http(
            FakeHypervisor.Ok("""{"vcpu_count": 2, "mem_size_mib": 256, "smt": false, "track_dirty_pages": false}"""));

        Assert.Equal(new GuestSize(256UL << 20, 2), await AskAsync(ControlProtocol.Firecracker, vmm.Socket));
        Assert.StartsWith("GET /machine-config HTTP/1.1\r\n", vmm.Heard, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ControlProtocol.Qmp)]
    [InlineData(ControlProtocol.CloudHypervisor)]
    [InlineData(ControlProtocol.Firecracker)]
    public async Task Without_a_socket_it_is_missing(ControlProtocol protocol)
    {
        var error = await FailsAsync(protocol, "/nonexistent/vm.sock");

        Assert.Equal(ControlSocketError.Missing, error.Error);
        Assert.Equal("/nonexistent/vm.sock: there is no such socket", Innermost(error).Message);
    }

    [Theory]
    [InlineData(ControlProtocol.Qmp)]
    [InlineData(ControlProtocol.CloudHypervisor)]
    public async Task What_a_killed_hypervisor_left_behind_is_stale(ControlProtocol protocol)
    {
        var directory = Directory.CreateTempSubdirectory("blixard-hv");
        var path = Path.Combine(directory.FullName, "vm.sock");
        using (var gone = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            gone.Bind(new UnixDomainSocketEndPoint(path));

            // Disposed, a socket of .NET takes its file along; a copy of the link stays, as after SIGKILL.
            File.Move(path, path + ".left");
        }

        Assert.Equal(ControlSocketError.Stale, (await FailsAsync(protocol, path + ".left")).Error);
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task One_that_does_not_answer_is_left_with_the_deadline()
    {
        await using var silent = new FakeHypervisor(async client => await client.LineAsync());
        var asked = FailsAsync(ControlProtocol.Qmp, silent.Socket);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return asked.IsCompleted;
        });

        var error = await asked;
        Assert.Equal(ControlSocketError.TimedOut, error.Error);
        Assert.EndsWith("no answer within 2 s", error.Message, StringComparison.Ordinal);
        await UntilAsync(() => silent.Served == 1);
    }

    [Fact]
    public async Task Who_asked_may_end_the_question_and_the_connection_with_it()
    {
        await using var silent = new FakeHypervisor(async client => await client.LineAsync());
        using var stop = new CancellationTokenSource();
        var asked = new GuestQuery(Deadline, _time).AskSizeAsync(ControlProtocol.Qmp, silent.Socket, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);

        // Whether it came so far as to connect or not: the socket is free.
        using var next = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await next.ConnectAsync(new UnixDomainSocketEndPoint(silent.Socket));
    }

    [Theory]
    [InlineData("""{"error": {"class": "GenericError", "desc": "Guest is\nnot ready"}}""", "refused query-memory-size-summary: Guest is not ready")]
    [InlineData("""{"error": "no"}""", "refused query-memory-size-summary: no")]
    public async Task An_error_of_qemu_is_told(string answer, string told)
    {
        await using var qemu = FakeHypervisor.Qemu(answer);

        var error = await FailsAsync(ControlProtocol.Qmp, qemu.Socket);

        Assert.Equal(ControlSocketError.ErrorAnswer, error.Error);
        Assert.EndsWith(told, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is answered with 404: ")]
    [InlineData("HTTP/1.1 500 \r\nContent-Length: 13\r\n\r\nVM not booted", "is answered with 500: VM not booted")]
    public async Task An_error_of_an_http_api_is_told(string answer, string told)
    {
        await using var vmm = FakeHypervisor.Http(answer);

        var error = await FailsAsync(ControlProtocol.CloudHypervisor, vmm.Socket);

        Assert.Equal(ControlSocketError.ErrorAnswer, error.Error);
        Assert.EndsWith(told, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("[]\n")]
    [InlineData("{}\n")]
    [InlineData("{\"QMP\": {}}\n{\"what\": 1}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": {}}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": []}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": {\"base-memory\": -1}}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": {\"base-memory\": \"much\"}}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": {\"base-memory\": 18446744073709551615}}\n")]
    public async Task What_is_not_qmp_is_malformed(string said)
    {
        await using var other = new FakeHypervisor(async client =>
        {
            await client.SayAsync(said);
            while (await client.LineAsync() is not null)
            {
                // It has said all that it says.
            }
        });

        Assert.Equal(ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.Qmp, other.Socket)).Error);
    }

    [Theory]
    [InlineData("{\"QMP\": {}}\n")]
    [InlineData("220 mail ready\n\n\n\n")]
    public async Task What_is_not_http_is_malformed(string answer)
    {
        await using var other = FakeHypervisor.Http(answer);

        Assert.Equal(
            ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.Firecracker, other.Socket)).Error);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"mem_size_mib": 0}""")]
    [InlineData("""{"mem_size_mib": 18446744073709551615}""")]
    [InlineData("""{"mem_size_mib": "512"}""")]
    public async Task An_answer_without_the_size_is_malformed(string body)
    {
        await using var vmm = FakeHypervisor.Http(FakeHypervisor.Ok(body));

        Assert.Equal(ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.Firecracker, vmm.Socket)).Error);
        Assert.Equal(
            ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.CloudHypervisor, vmm.Socket)).Error);
    }

    [Fact]
    public async Task An_answer_that_is_far_too_long_is_not_read_to_its_end()
    {
        var much = new string('x', 100_000);
        await using var qemu = new FakeHypervisor(async client =>
        {
            while (true)
            {
                await client.SayAsync(much);
            }
        });
        await using var vmm = FakeHypervisor.Http(FakeHypervisor.Ok(string.Concat(Enumerable.Repeat(much, 20))));

        Assert.Equal(ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.Qmp, qemu.Socket)).Error);
        Assert.Equal(ControlSocketError.Malformed, (await FailsAsync(ControlProtocol.Firecracker, vmm.Socket)).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"QMP\": {}}\n")]
    [InlineData("{\"QMP\": {}}\n{\"return\": {}}\n{\"return\": {\"base-mem")]
    public async Task One_that_ends_the_connection_before_its_answer_has_closed(string said)
    {
        await using var other = new FakeHypervisor(client => client.SayAsync(said));

        Assert.Equal(ControlSocketError.Closed, (await FailsAsync(ControlProtocol.Qmp, other.Socket)).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")]
    public async Task An_http_answer_that_is_cut_off_has_closed(string said)
    {
        await using var other = new FakeHypervisor(async client =>
        {
            await client.LineAsync();
            await client.SayAsync(said);
        });

        Assert.Equal(ControlSocketError.Closed, (await FailsAsync(ControlProtocol.Firecracker, other.Socket)).Error);
    }

    [Fact]
    public async Task A_path_that_is_longer_than_an_address_can_be_is_reached()
    {
        var root = Directory.CreateTempSubdirectory("blixard-hv");
        var directory = root.CreateSubdirectory(new string('d', 120)).FullName;
        await using var qemu = FakeHypervisor.Qemu(Size512);
        var path = Path.Combine(directory, "web1.sock");
        File.CreateSymbolicLink(path, qemu.Socket);

        Assert.Equal(new GuestSize(512UL << 20, 2), await AskAsync(ControlProtocol.Qmp, path));
        Assert.Equal(
            ControlSocketError.Refused,
            (await FailsAsync(ControlProtocol.Qmp, LongName(directory))).Error);
        root.Delete(recursive: true);

        static string LongName(string directory)
        {
            var path = Path.Combine(directory, new string('n', 120));
            File.WriteAllText(path, "");
            return path;
        }
    }

    [Theory]
    [InlineData("qemu", ControlProtocol.Qmp)]
    [InlineData("cloud-hypervisor", ControlProtocol.CloudHypervisor)]
    [InlineData("firecracker", ControlProtocol.Firecracker)]
    [InlineData("kvmtool", null)]
    [InlineData(null, null)]
    public void Each_hypervisor_is_asked_in_its_own_protocol(string? hypervisor, ControlProtocol? protocol) =>
        Assert.Equal(protocol, ControlProtocols.Of(hypervisor));

    private Task<GuestSize> AskAsync(ControlProtocol protocol, string socket) =>
        new GuestQuery(Deadline, _time).AskSizeAsync(protocol, socket, CancellationToken.None);

    private Task<ControlSocketException> FailsAsync(ControlProtocol protocol, string socket) =>
        Assert.ThrowsAsync<ControlSocketException>(() => AskAsync(protocol, socket));

    private static Exception Innermost(Exception e) => e.InnerException switch
    {
        HttpRequestException { InnerException: { } cause } => cause,
        _ => e,
    };

    /// <summary>Real sockets: what they do takes real time.</summary>
    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
