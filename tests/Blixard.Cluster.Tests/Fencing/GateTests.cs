namespace Blixard.Cluster.Tests.Fencing;

/// <summary>What the gate lets pass, in a unit of a real host, and what it refuses.</summary>
[Collection(nameof(FenceHost))]
public sealed class GateTests(FenceHost host) : IAsyncLifetime
{
    private const string List = "/var/lib/blixard-gate/managed";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    public ValueTask InitializeAsync()
    {
        ThreeHosts.Require();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Hosts.Program is not null)
        {
            await FenceHost.CleanAsync();
        }
    }

    [Fact]
    public async Task Without_a_whole_list_that_the_vms_user_can_read_no_vm_passes()
    {
        await RefusedAsync("web1", "missing or can't be read");
        host.Write(List, "");
        await RefusedAsync("web1", "is not whole");
        host.Write(List, "managed 1 17\nvm db strict\n");
        await RefusedAsync("web1", "is not whole");
        host.Write(List, "managed 1 17\nvm db strict\nend");
        await RefusedAsync("web1", "is not whole");
        host.Write(List, "managed 2 17\nend\n");
        await RefusedAsync("web1", "another version");
        host.Write(List, "managed 1 17\nvm db sometimes\nend\n");
        await RefusedAsync("web1", "damaged");
        host.Write(List, "managed 1 17\nend\nvm web1 strict\n");
        await RefusedAsync("web1", "damaged");
        host.Manage(("web1", "none"), ("web1", "manual"));
        await RefusedAsync("web1", "names it twice");

        host.Manage(("db", "strict"));
        await PassesAsync("web1");
        await PassesAsync("web1", user: "nobody");
        await FenceHost.ExecAsync("chmod", "0600", List);
        await RefusedAsync("web1", "missing or can't be read", user: "nobody");
        await FenceHost.ExecAsync("chmod", "0644", List);
        await FenceHost.ExecAsync("chmod", "0700", "/var/lib/blixard-gate");
        await RefusedAsync("web1", "can't be searched", user: "nobody");
        await FenceHost.ExecAsync("chmod", "0755", "/var/lib/blixard-gate");
        await PassesAsync("web1", user: "nobody");
    }

    [Fact]
    public async Task A_vm_that_is_called_as_a_word_of_the_list_is_a_name_like_any_other()
    {
        host.Manage(("end", "none"), ("vm", "none"), ("managed", "none"));
        await PassesAsync("web1");
        await RefusedAsync("end", "no grant");
        await RefusedAsync("vm", "no grant");
        host.Grant("end", "none");
        await PassesAsync("end");
    }

    [Fact]
    public async Task A_name_that_is_no_vms_is_refused()
    {
        host.Manage();
        foreach (var name in (string[])["", "../lease", "a b", "a/b", ".hidden", "a..b", "-x", "a\nb"])
        {
            await RefusedAsync(name, "no name of a VM");
        }
    }

    [Fact]
    public async Task A_managed_vm_needs_the_grant_that_is_its_own_and_of_its_policy()
    {
        host.Manage(("web1", "manual"), ("local1", "none"));
        await RefusedAsync("web1", "no grant");
        await RefusedAsync("local1", "no grant");

        host.Write("/run/blixard/grants/web1", FenceHost.GrantText("web2", "manual", host.BootId));
        await RefusedAsync("web1", "for another VM");
        host.Grant("web1", "strict");
        await RefusedAsync("web1", "granted as strict and managed as manual");
        host.Grant("web1", "manual", boot: Guid.NewGuid().ToString());
        await RefusedAsync("web1", "of another boot");
        host.Grant("web1", "manual");
        await PassesAsync("web1", slice: "system.slice");

        // On disk, of whichever boot; in memory it would be none.
        host.Write("/run/blixard/grants/local1", FenceHost.GrantText("local1", "none", host.BootId));
        await RefusedAsync("local1", "no grant");
        host.Grant("local1", "none", boot: Guid.NewGuid().ToString());
        await PassesAsync("local1", slice: "system.slice");
    }

    [Fact]
    public async Task A_generation_that_was_given_up_never_passes_again_and_a_later_one_does()
    {
        host.Manage(("local1", "none"));
        host.Grant("local1", "none", generation: 9);
        host.Write("/var/lib/blixard-gate/tombstones/local1", "tombstone 1\nvm local1\ngeneration 9\nend\n");
        await RefusedAsync("local1", "generation 9 of it was given up");
        host.Grant("local1", "none", generation: 8);
        await RefusedAsync("local1", "given up");
        host.Grant("local1", "none", generation: 10);
        await PassesAsync("local1");
        host.Write("/var/lib/blixard-gate/tombstones/local1", "tombstone 1\nvm local1\ngeneration 9\n");
        await RefusedAsync("local1", "is not whole");
    }

    [Fact]
    public async Task A_strict_vm_needs_the_lease_of_this_boot_and_of_its_epoch_unexpired_and_the_strict_slice()
    {
        host.Manage(("web1", "strict"));
        host.Grant("web1");
        await RefusedAsync("web1", "no lease");
        host.Lease(TimeSpan.Zero);
        await RefusedAsync("web1", "has run out");
        host.Lease(TimeSpan.FromSeconds(-1));
        await RefusedAsync("web1", "has run out");
        host.Lease(Long, boot: Guid.NewGuid().ToString());
        await RefusedAsync("web1", "of another boot");
        host.Lease(Long, epoch: 4);
        await RefusedAsync("web1", "of epoch 3, the lease of epoch 4");
        host.Lease(Long);
        await RefusedAsync("web1", "not in blixard-strict.slice", slice: "system.slice");
        await RefusedAsync("web1", "not in blixard-strict.slice", slice: "blixard-canary.slice");

        await PassesAsync("web1");
        await PassesAsync("web1", user: "nobody");
        host.Grant("web1", boot: Guid.NewGuid().ToString());
        await RefusedAsync("web1", "of another boot");
    }

    [Fact]
    public async Task No_file_that_was_cut_short_anywhere_lets_a_vm_pass()
    {
        host.Manage(("web1", "strict"));
        host.Grant("web1");
        host.Lease(Long);
        await PassesAsync("web1");

        // In one unit, for the sake of time: the gate, once for every length of each file that it reads.
        host.Write(
            "/tmp/cut",
            """
            passed=0 refused=0
            for file in /var/lib/blixard-gate/managed /run/blixard/grants/web1 /run/blixard/lease; do
              cp "$file" /tmp/whole
              for ((length = 0; length < $(stat -c %s /tmp/whole); length++)); do
                head -c "$length" /tmp/whole >"$file"
                if sh /opt/blixard/libexec/blixard-gate web1 -- /bin/true 2>/dev/null
                then passed=$((passed + 1)) && echo "$file passes with $length bytes"
                else refused=$((refused + 1)); fi
              done
              cp /tmp/whole "$file"
            done
            sh /opt/blixard/libexec/blixard-gate web1 -- /bin/true && echo "passed $passed, refused $((refused > 100))"
            """);
        var said = await FenceHost.ExecAsync(
            "systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--slice", FenceHost.Strict, "--",
            "bash", "/tmp/cut");

        Assert.Equal("passed 0, refused 1", said);
    }

    [Fact]
    public async Task The_gate_becomes_the_vm_and_keeps_its_process_its_directory_and_its_arguments()
    {
        host.Manage();
        host.Write("/tmp/becomes", "echo $$ $PWD \"$1\"");
        host.Write(
            "/tmp/starts",
            "echo $$; exec sh /opt/blixard/libexec/blixard-gate web1 -- ../../bin/bash /tmp/becomes 'a  b'");
        var said = await FenceHost.ExecAsync(
            "systemd-run", "--quiet", "--wait", "--collect", "--pipe", "-p", "WorkingDirectory=/opt/blixard", "--",
            "bash", "/tmp/starts");

        var lines = said.Split('\n');
        Assert.Equal($"{lines[0]} /opt/blixard a  b", lines[1]);
    }

    [Fact]
    public async Task The_units_of_a_vm_and_of_its_helper_start_through_the_gate_whatever_their_own_drop_ins_say()
    {
        foreach (var (unit, program) in new[] { ("microvm", "microvm-run"), ("microvm-virtiofsd", "virtiofsd-run") })
        {
            Directory.CreateDirectory(host.In($"/run/systemd/system/{unit}@web1.service.d"));
            host.Write(
                $"/run/systemd/system/{unit}@web1.service.d/overrides.conf",
                "[Service]\nExecStart=\nExecStart=/bin/sleep infinity\n");
            await FenceHost.ExecAsync("systemctl", "daemon-reload");
            var start = await FenceHost.ShowAsync($"{unit}@web1.service", "ExecStart");
            Assert.Contains(
                $"argv[]=/bin/sh /opt/blixard/libexec/blixard-gate web1 -- current/bin/{program} ;",
                start,
                StringComparison.Ordinal);
            Assert.DoesNotContain("sleep", start, StringComparison.Ordinal);
        }
    }

    private static async Task PassesAsync(string vm, string slice = FenceHost.Strict, string? user = null)
    {
        var (status, output, errors) = await PassAsync(vm, slice, user);
        Assert.True(status == 0, $"{vm} was refused: {errors}");
        Assert.Equal($"became {vm}", output.Trim());
    }

    private static async Task RefusedAsync(
        string vm, string reason, string slice = FenceHost.Strict, string? user = null)
    {
        var (status, output, errors) = await PassAsync(vm, slice, user);
        Assert.Equal((77, ""), (status, output));
        Assert.Contains(reason, errors, StringComparison.Ordinal);
    }

    private static Task<(int Status, string Output, string Errors)> PassAsync(string vm, string slice, string? user) =>
        Hosts.TryAsync(
            [
                "exec", FenceHost.Name, "systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--slice", slice,
                .. user is null ? Array.Empty<string>() : ["-p", $"User={user}"],
                "--", "/bin/sh", "/opt/blixard/libexec/blixard-gate", vm, "--", "/bin/echo", "became", vm,
            ]);
}
