namespace Blixard.Cluster.Tests;

public sealed class BadInputTests(ThreeHosts hosts)
{
    [Fact]
    public async Task A_flipped_bit_in_the_middle_of_the_log_is_refused_with_file_and_offset_and_the_others_go_on()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var victim = (await hosts.FollowersAsync())[0];
        await victim.ExecAsync("systemctl", "stop", "blixard-node.service");
        var wal = Path.Combine(await Hosts.RunAsync("data", victim.Name), "blixard", "raft", "wal");
        var segment = Directory.GetFiles(wal, "*", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc)
            .First();
        var offset = Flip(segment);
        try
        {
            await victim.ExecAsync("systemctl", "start", "--no-block", "blixard-node.service");
            await Eventually.HoldsAsync("it refuses to start", TimeSpan.FromSeconds(20), async () =>
            {
                var log = await victim.ExecAsync(
                    "journalctl", "-u", "blixard-node.service", "--no-pager", "-o", "cat", "-n", "50");
                return log.Contains("write-ahead log is damaged", StringComparison.Ordinal)
                    && log.Contains(Path.GetFileName(segment), StringComparison.Ordinal)
                    && log.Contains("offset", StringComparison.Ordinal);
            });
            Assert.Equal("web2", (await hosts.All.First(m => m != victim).VmAsync("web2")).Name);
        }
        finally
        {
            await victim.ExecAsync("systemctl", "stop", "blixard-node.service");
            Flip(segment, offset);
            await victim.ExecAsync("systemctl", "reset-failed", "blixard-node.service");
            await victim.ExecAsync("systemctl", "start", "blixard-node.service");
        }

        await hosts.WholeAsync();
    }

    [Fact]
    public async Task An_unknown_configuration_key_is_refused_by_name()
    {
        ThreeHosts.Require();
        var (status, output, errors) = await Hosts.TryAsync(
            "exec", "n1", "env", "BLIXARD__RAFT__ELECTIONTIKCS=6", "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll",
            "--data-dir", "/tmp/nowhere");
        Assert.NotEqual(0, status);
        Assert.Contains("ELECTIONTIKCS", output + errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_wiped_member_does_not_come_back_as_itself()
    {
        ThreeHosts.Require();
        var (status, output, errors) = await Hosts.TryAsync(
            "exec", "n1", "env", "BLIXARD__NODE__NAME=n1",
            "BLIXARD__CLUSTER__PEERS__0=n1=10.88.0.11:7481", "BLIXARD__CLUSTER__PEERS__1=n2=10.88.0.12:7481",
            "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll", "--data-dir", "/tmp/wiped");
        Assert.NotEqual(0, status);
        Assert.Contains("--bootstrap", output + errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_request_is_refused_and_changes_nothing()
    {
        ThreeHosts.Require();
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{hosts.All[0].Port}/") };
        foreach (var (path, body) in new[]
        {
            ("v1/vms/..%2Fetc", "{}"), ("v1/vms/a%20b", "{}"), ("v1/vms/ok", "{"), ("v1/vms/ok", """{"unit":"sshd.service"}"""),
            ("v1/vms/ok", """{"node":"nobody"}"""),
        })
        {
            using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            var answer = await http.PutAsync(new Uri(path, UriKind.Relative), content);
            Assert.InRange((int)answer.StatusCode, 400, 409);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }

        var vms = (await hosts.All[0].Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
        Assert.DoesNotContain(vms, vm => vm.Name is "ok" or "a b");
    }

    /// <summary>Flips one bit half way through what was written, or at the given offset; returns where.</summary>
    private static long Flip(string file, long? at = null)
    {
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        var offset = at ?? MiddleOfWhatWasWritten(stream);
        stream.Position = offset;
        var value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ 0x10));
        return offset;
    }

    /// <summary>Segments are filled with zeroes ahead: the last byte that is not zero ends what was written.</summary>
    private static long MiddleOfWhatWasWritten(Stream stream)
    {
        var buffer = new byte[stream.Length];
        stream.ReadExactly(buffer);
        return buffer.AsSpan().LastIndexOfAnyExcept((byte)0) / 2;
    }
}
