using Blixard.Cluster.Harness;

namespace Blixard.Soak.Faults;

/// <summary>
/// What can be done to a cluster on these hosts. Not here: a step of the wall clock, because CLOCK_REALTIME is the
/// machine's in every namespace (time_namespaces(7)); delay and loss on links, because many kernels have no netem.
/// </summary>
internal sealed class FaultKinds(SoakCluster cluster, SoakOptions options)
{
    /// <summary>The kinds with how often each comes, in parts.</summary>
    public IReadOnlyList<(int Parts, Func<Random, Task<Fault>> Make)> All =>
    [
        (3, r => AtRandomAsync(r, m => Kill("kill-node", m))),
        (3, r => AtLeaderAsync(m => Kill("kill-leader", m))),
        (1, r => Task.FromResult(Kill("kill-all", [.. cluster.Members]))),
        (2, r => AtRandomAsync(r, m => Pause("pause-node", m, Length(r, 100, 5_000)))),
        (3, r => AtLeaderAsync(m => Pause("pause-leader", m, Length(r, 100, 5_000)))),
        (2, r => AtRandomAsync(r, m => PowerCut(m, Length(r, 0, 1_500)))),
        (2, r => AtRandomAsync(r, m => CutOff("cut-node", m, Length(r, 200, 4_000)))),
        (2, r => AtLeaderAsync(m => CutOff("cut-leader", m, Length(r, 200, 4_000)))),
        (2, r => AtRandomAsync(r, m => OneWay(r, m))),
        (2, r => AtLeaderAsync(m => Deaf(m, Length(r, 200, 3_000)))),
        (2, r => AtLeaderAsync(m => Mute(m, Length(r, 200, 3_000)))),
        (2, r => Task.FromResult(Ring(r))),
        (3, r => AtRandomAsync(r, Transfer)),
        (1, r => Task.FromResult(Replace(r))),
        (options.SmallDisks ? 1 : 0, r => AtRandomAsync(r, m => DiskFull(m, Length(r, 500, 4_000)))),
    ];

    private async Task<Fault> AtLeaderAsync(Func<Member, Fault> make) => make(await cluster.LeaderAsync());

    private async Task<Fault> AtRandomAsync(Random random, Func<Member, Fault> make)
    {
        var drawn = cluster.Members[random.Next(cluster.Members.Count)];
        return make(await cluster.AnswersAsync(drawn) ? drawn : await cluster.LeaderAsync());
    }

    /// <summary>Mostly short: most of what goes wrong does so within an election timeout.</summary>
    private static TimeSpan Length(Random random, int from, int to)
    {
        var x = random.NextDouble();
        return TimeSpan.FromMilliseconds(from + ((to - from) * x * x));
    }

    /// <summary>systemd starts it again, a second later.</summary>
    private static Fault Kill(string kind, params IReadOnlyList<Member> members) => new(
        kind,
        string.Join(' ', members.Select(m => m.Name)),
        [.. members.Select(m => m.Name)],
        TimeSpan.Zero,
        () => Task.WhenAll(members.Select(m => m.KillDaemonAsync())),
        () => Task.CompletedTask);

    private static Fault Pause(string kind, Member member, TimeSpan hold) =>
        new(kind, member.Name, [member.Name], hold, member.PauseDaemonAsync, member.ResumeDaemonAsync);

    private Fault PowerCut(Member member, TimeSpan hold) => new(
        "power-cut", member.Name, [member.Name], hold, member.CutPowerAsync, () => cluster.UpAsync(member));

    private static Fault CutOff(string kind, Member member, TimeSpan hold) => new(
        kind,
        member.Name,
        [],
        hold,
        () => Hosts.RunAsync("cutall", member.Name),
        () => Hosts.RunAsync("joinall", member.Name));

    private Fault OneWay(Random random, Member from)
    {
        var to = OtherThan(from, random);
        return new(
            "cut-one-way",
            $"{from.Name}>{to.Name}",
            [],
            Length(random, 200, 4_000),
            () => Hosts.RunAsync("cut", "--one-way", from.Name, to.Name),
            () => Hosts.RunAsync("join", "--one-way", from.Name, to.Name));
    }

    /// <summary>It still sends heartbeats and hears no answer: a leader must not go on like that.</summary>
    private Fault Deaf(Member member, TimeSpan hold) =>
        Directions("deaf-leader", member, hold, (verb, other) => [verb, "--one-way", other.Name, member.Name]);

    /// <summary>It hears the others, who hear nothing of it.</summary>
    private Fault Mute(Member member, TimeSpan hold) =>
        Directions("mute-leader", member, hold, (verb, other) => [verb, "--one-way", member.Name, other.Name]);

    private Fault Directions(string kind, Member member, TimeSpan hold, Func<string, Member, string[]> command)
    {
        Task AllAsync(string verb) => Task.WhenAll(
            cluster.Members.Where(m => m != member).Select(other => Hosts.RunAsync(command(verb, other))));
        return new(kind, member.Name, [], hold, () => AllAsync("cut"), () => AllAsync("join"));
    }

    /// <summary>Two who can't see each other, while both see all others: no majority is without a path.</summary>
    private Fault Ring(Random random)
    {
        var one = cluster.Members[random.Next(cluster.Members.Count)];
        var other = OtherThan(one, random);
        return new(
            "majority-ring",
            $"{one.Name}|{other.Name}",
            [],
            Length(random, 200, 4_000),
            () => Hosts.RunAsync("cut", one.Name, other.Name),
            () => Hosts.RunAsync("join", one.Name, other.Name));
    }

    private static Fault Transfer(Member to) => new(
        "transfer", to.Name, [], TimeSpan.Zero, () => SoakCluster.TransferAsync(to), () => Task.CompletedTask);

    /// <summary>Not the first: the VMs that the clients annotate are defined there, and would go with it.</summary>
    private Fault Replace(Random random)
    {
        var member = cluster.Members[random.Next(1, cluster.Members.Count)];
        return new(
            "replace-member",
            member.Name,
            [member.Name],
            TimeSpan.Zero,
            () => cluster.ReplaceAsync(member),
            () => Task.CompletedTask)
        {
            IsAlone = true,
        };
    }

    private static Fault DiskFull(Member member, TimeSpan hold) => new(
        "disk-full",
        member.Name,
        [member.Name],
        hold,
        member.FillDiskAsync,
        member.FreeDiskAsync);

    private Member OtherThan(Member member, Random random)
    {
        Member[] others = [.. cluster.Members.Where(m => m != member)];
        return others[random.Next(others.Length)];
    }
}
