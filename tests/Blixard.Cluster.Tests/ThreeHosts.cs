using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>The hosts are there for as long as these tests are.</summary>
[CollectionDefinition(nameof(ThreeHosts))]
public sealed class OnThreeHosts : ICollectionFixture<ThreeHosts>;

/// <summary>
/// Three real systemd hosts with microVM units of different behaviour and a cluster on them, made once for all tests
/// of its collection. Every test leaves it whole: <see cref="WholeAsync"/> waits for that.
/// </summary>
public sealed class ThreeHosts : IAsyncLifetime
{
    private static readonly string[] Names = ["n1", "n2", "n3"];

    internal IReadOnlyList<Member> All { get; } =
        [.. Names.Select((name, i) => new Member(name, $"10.88.0.{11 + i}"))];

    internal Member this[string name] => All.Single(m => m.Name == name);

    public static IReadOnlyDictionary<string, string[]> Vms { get; } = new Dictionary<string, string[]>
    {
        ["n1"] = ["web1=idle", "batch1=busy", "broken1=failing"],
        ["n2"] = ["web2=idle", "noisy2=logging"],
        ["n3"] = ["web3=notify", "batch3=busy"],
    };

    /// <summary>Defined on every host, started on none.</summary>
    public const string Candidate = "spare";

    /// <summary>Why the hosts have no disks of their own that could be filled; null where they have.</summary>
    internal string? WhyNoDisks { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (Hosts.Program is null)
        {
            return;
        }

        var (status, _, why) = await Hosts.TryAsync("can-limit-disks");
        WhyNoDisks = status == 0 ? null : why.Trim();
        foreach (var member in All)
        {
            await UpAsync(member, bootstrap: true);
            await member.OpenDoorAsync();
        }

        await WholeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in All)
        {
            member.Dispose();
        }

        if (Hosts.Program is not null)
        {
            foreach (var member in All)
            {
                await Hosts.TryAsync("kill", member.Name);
                await Hosts.TryAsync("clean", member.Name);
            }
        }
    }

    internal Task UpAsync(Member member, bool bootstrap = false)
    {
        List<string> options =
        [
            "--candidate", Candidate, .. Vms[member.Name].SelectMany(vm => new[] { "--vm", vm }),
            // So that a test has several segments and snapshots to look at, and followers that need a snapshot.
            "--env", "BLIXARD__CLUSTER__PROMOTEAFTERSECONDS=1",
            "--env", "BLIXARD__RAFT__SEGMENTBYTES=4194304",
            "--env", "BLIXARD__RAFT__SNAPSHOTENTRIES=2000",
            "--env", "BLIXARD__RAFT__TRAILINGENTRIES=200",
        ];
        if (WhyNoDisks is null)
        {
            options.AddRange(["--disk", "512"]);
        }

        if (bootstrap)
        {
            options.Add("--bootstrap");
        }

        return member.UpAsync(All, options);
    }

    /// <summary>Skips a test where no hosts can be had.</summary>
    internal static void Require() => Assert.SkipWhen(
        Hosts.Program is null, "needs real systemd hosts: BLIXARD_HOSTS is not set (make test sets it)");

    /// <summary>All members answer, follow one leader, and every VM is seen where it is.</summary>
    internal async Task WholeAsync()
    {
        foreach (var member in All)
        {
            member.Reconnect();
        }

        await Eventually.HoldsAsync("the cluster is whole", TimeSpan.FromSeconds(60), async () =>
            await WhatIsNotWholeAsync() is { } problem ? throw new InvalidOperationException(problem) : true);
    }

    private async Task<string?> WhatIsNotWholeAsync()
    {
        foreach (var member in All)
        {
            var status = (await member.Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value;
            if (status is not { Quorum: { Safe: true, Healthy: 3 } })
            {
                return $"{member.Name} sees {status.Quorum}";
            }

            if (status.Members.FirstOrDefault(m => m.Status != NodeStatus.Active) is { } inactive)
            {
                return $"{member.Name} sees {inactive.Name} as {inactive.Status}";
            }

            var vms = (await member.Client.GetVmsAsync(ReadOptions.Linearizable, default)).Value;
            foreach (var (host, names) in Vms)
            {
                if (names.FirstOrDefault(vm => !IsSeen(vms, vm, host)) is { } missing)
                {
                    return $"{member.Name} sees {missing} of {host} as "
                        + vms.FirstOrDefault(vm => missing.StartsWith(vm.Name + "=", StringComparison.Ordinal));
                }
            }
        }

        return null;
    }

    internal async Task<Member> LeaderAsync()
    {
        var leader = (await All[0].Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.Leader;
        return this[leader ?? throw new InvalidOperationException("there is no leader")];
    }

    internal async Task<IReadOnlyList<Member>> FollowersAsync()
    {
        var leader = await LeaderAsync();
        return [.. All.Where(m => m != leader)];
    }

    private static bool IsSeen(IReadOnlyList<Vm> vms, string vm, string host)
    {
        var (name, behaviour) = (vm[..vm.IndexOf('=')], vm[(vm.IndexOf('=') + 1)..]);
        var expected = behaviour == "failing" ? VmState.Failed : VmState.Running;
        return vms.Any(v => v.Name == name && v.Node == host && v.State == expected && !v.Stale && v.Monitor is not null);
    }
}
