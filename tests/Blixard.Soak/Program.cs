using Blixard.Cluster.Harness;
using Blixard.Soak;

// Three hosts of an instance of its own (scripts/soak names it, and takes it down however this ends).
string[] names = ["n1", "n2", "n3"];

var (disks, _, why) = await Hosts.TryAsync("can-limit-disks");
if (disks != 0)
{
    Console.WriteLine($"No disk is filled: {why.Trim()}");
}

var options = SoakOptions.FromEnvironment(smallDisks: disks == 0);
Console.WriteLine($"SEED={options.Seed} FAULTS={options.Faults}");
Member[] members = [.. names.Select((name, i) => new Member(name, $"10.88.0.{11 + i}"))];
var cluster = new SoakCluster(members, member => UpAsync(member, bootstrap: false));
await Task.WhenAll(members.Select(async member =>
{
    await UpAsync(member, bootstrap: true);
    await member.OpenDoorAsync();
}));

var report = await new SoakRun(cluster, options, Console.WriteLine).RunAsync();
if (!report.IsGood)
{
    Console.WriteLine($"Histories and journals are in {await Evidence.KeepAsync(report, cluster, options.Artifacts)}");
}

Console.WriteLine(report);
if (Environment.GetEnvironmentVariable("BLIXARD_SOAK_RESULT") is { Length: > 0 } result)
{
    await File.WriteAllTextAsync(result, report.LastLine + "\n");
}

return report.IsGood ? 0 : 1;

// Small segments and frequent snapshots: members that were away need them.
Task UpAsync(Member member, bool bootstrap) => member.UpAsync(
    members,
    [
        .. disks == 0 ? ["--disk", "512"] : Array.Empty<string>(),
        .. bootstrap ? ["--bootstrap"] : Array.Empty<string>(),
        // One that was replaced votes again soon.
        "--env", "BLIXARD__CLUSTER__PROMOTEAFTERSECONDS=1",
        "--env", "BLIXARD__RAFT__SEGMENTBYTES=4194304",
        "--env", "BLIXARD__RAFT__SNAPSHOTENTRIES=2000",
        "--env", "BLIXARD__RAFT__TRAILINGENTRIES=200",
    ]);
