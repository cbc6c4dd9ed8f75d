using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Views;

/// <summary>What people see, whole: one text file for each view.</summary>
public class GoldenTests
{
    [Theory]
    [InlineData("cluster status", "cluster-status.txt")]
    [InlineData("cluster status -o wide", "cluster-status-wide.txt")]
    [InlineData("cluster status -o json", "cluster-status.json")]
    [InlineData("cluster status -o yaml", "cluster-status.yaml")]
    [InlineData("cluster status -o csv", "cluster-status.csv")]
    [InlineData("cluster members", "cluster-members.txt")]
    [InlineData("cluster members -o wide", "cluster-members-wide.txt")]
    [InlineData("cluster members -o csv", "cluster-members.csv")]
    [InlineData("cluster members -o json", "cluster-members.json")]
    [InlineData("cluster add n9 --raft-address 10.77.0.19:7481", "cluster-add.txt")]
    [InlineData("vm list", "vm-list.txt")]
    [InlineData("vm list -o wide", "vm-list-wide.txt")]
    [InlineData("vm list -o csv", "vm-list.csv")]
    [InlineData("vm list --attention", "vm-list-attention.txt")]
    [InlineData("vm list --node n1 --state running", "vm-list-filtered.txt")]
    [InlineData("vm list --state unknown", "vm-list-unknown.txt")]
    [InlineData("vm show web1", "vm-show.txt")]
    [InlineData("vm show db", "vm-show-lost.txt")]
    [InlineData("vm show web1 -o json", "vm-show.json")]
    [InlineData("vm show web1 -o yaml", "vm-show.yaml")]
    [InlineData("node list", "node-list.txt")]
    [InlineData("node list -o wide", "node-list-wide.txt")]
    [InlineData("node list -o csv", "node-list.csv")]
    [InlineData("node show n2", "node-show.txt")]
    [InlineData("ping", "ping.txt")]
    [InlineData("status", "status.txt")]
    [InlineData("status -f", "status-full.txt")]
    [InlineData("status -j", "status.json")]
    [InlineData("status -o csv", "status.csv")]
    [InlineData("vms -o table", "vms.txt")]
    [InlineData("completion bash", "completion-bash.txt")]
    public async Task A_command_prints_its_golden_text_without_any_escape(string commandLine, string file)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain('\e', run.Output);
        Golden.Check(file, run.Output);
    }

    [Theory]
    [InlineData("cluster status")]
    [InlineData("cluster members")]
    [InlineData("vm list")]
    [InlineData("node list")]
    public async Task An_ordinary_cluster_fits_80_columns(string commandLine)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public async Task The_worst_day_of_three_nodes_fits_one_screen()
    {
        await using var node = await FakeNode.StartAsync();
        List<Vm> vms =
        [
            .. Enumerable.Range(0, 60).Select(i =>
                Samples.NewVm($"customer-{i:000}", "n3", "u") with { Stale = true, StaleReason = "node lost" }),
        ];
        node.Cluster = Samples.Cluster with
        {
            Leader = null,
            Stale = true,
            AgeSeconds = 75,
            Quorum = new QuorumStatus { Voters = 3, Healthy = 1, Needed = 2, Safe = false, Tolerates = 0 },
            Vms = VmSummary.Of(vms),
            Attention = VmAttention.Of(vms, ClusterStatus.AttentionLimit),
            Warnings =
            [
                "No leader has been heard of for 75 s: this node can reach one of three voters, and cannot accept changes.",
                "The API speaks without TLS on 10.77.0.11:7480.",
                "The clock of n2 is 3 s ahead.",
                "The disk of the log is 93 % full.",
            ],
        };

        var run = await Run.Against(node, "cluster status --stale --no-color", terminalWidth: 80);

        var lines = run.Output.TrimEnd('\n').Split('\n');
        Assert.True(lines.Length <= 24, $"{lines.Length} lines");
        Assert.All(lines, line => Assert.True(line.Length <= 80, line));
        Golden.Check("cluster-status-worst.txt", run.Output);
    }

    [Fact]
    public async Task Events_look_like_those_of_vminfod()
    {
        await using var node = await FakeNode.StartAsync();
        Script(node);

        var run = await Run.Against(node, "events --count 5");

        Assert.Equal(0, run.ExitCode);
        Golden.Check("events.txt", run.Output);
    }

    [Theory]
    [InlineData("events --count 5 --full", "events-full.txt")]
    [InlineData("events --count 5 -o csv", "events.csv")]
    [InlineData("events --count 5 -o yaml --since 7", "events.yaml")]
    [InlineData("events --count 5 -j", "events.json")]
    public async Task Events_come_in_every_format(string commandLine, string file)
    {
        await using var node = await FakeNode.StartAsync();
        Script(node);

        var run = await Run.Against(node, commandLine);

        Assert.Equal("", run.Error);
        Golden.Check(file, run.Output);
    }

    [Fact]
    public async Task Raw_events_are_the_nodes_own_lines()
    {
        await using var node = await FakeNode.StartAsync();
        const string Ready = """{"type":"ready","index":5,"date":"2026-05-31T16:30:00Z","newer":{"than":"us"}}""";
        const string Delete = """{ "type":"delete", "index":6, "date":"2026-05-31T16:30:00Z", "uuid":"u" }""";
        node.SendLine(Ready);
        node.SendLine("");
        node.SendLine(Delete);

        var run = await Run.Against(node, "events -r --count 1");

        Assert.Equal($"{Ready}\n{Delete}\n", run.Output);
    }

    private static void Script(FakeNode node)
    {
        node.Send(Samples.Ready(10, lists: false));
        node.Send(new EventRecord
        {
            Type = EventType.Create,
            Index = 11,
            Date = Samples.Now,
            Kind = EventKind.Vm,
            Name = "web1",
            Uuid = Samples.UuidOf("web1"),
        });
        node.Send(Samples.Modify(
            "web1",
            12,
            new FieldChange { Path = "state", Action = ChangeAction.Changed, Old = "starting", New = "running" },
            new FieldChange { Path = "mainPid", Action = ChangeAction.Added, New = 4711 },
            new FieldChange { Path = "result", Action = ChangeAction.Removed, Old = "say \"hé\", twice" }));
        node.Send(new EventRecord
        {
            Type = EventType.Modify,
            Index = 13,
            Date = Samples.Now,
            Kind = EventKind.Node,
            Name = "n3",
            Changes = [new FieldChange { Path = "status", Action = ChangeAction.Changed, Old = "active", New = "lost" }],
            Reason = "no answer for 3 s",
        });
        node.Send(new EventRecord
        {
            Type = EventType.Gap,
            Index = 40,
            From = 14,
            Date = Samples.Now,
            Reason = "100,000 changes held at most",
        });
        node.Send(new EventRecord
        {
            Type = EventType.Delete,
            Index = 41,
            Date = Samples.Now,
            Kind = EventKind.Vm,
            Name = "web1",
            Uuid = Samples.UuidOf("web1"),
        });
    }
}
