using System.Diagnostics;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Bench.Engine;

/// <summary><c>make bench-raft</c>: the engine alone, one row for each of its jobs.</summary>
internal static class EngineBench
{
    private const int Vms = 10_000;

    private static readonly byte[] Value = new byte[Versus.Cluster.ValueBytes];

    public static async Task RunAsync()
    {
        var root = Path.GetFullPath(Path.Combine(Settings.Directory, $"raft-{Environment.ProcessId}"));
        try
        {
            Directory.CreateDirectory(root);
            Row.Head();
            if (Settings.Wants("append"))
            {
                Append(Path.Combine(root, "append"), together: 1);
                Append(Path.Combine(root, "append64"), together: 64);
            }

            if (Settings.Wants("commit"))
            {
                await CommitAsync(Path.Combine(root, "commit"));
            }

            if (Settings.Wants("apply"))
            {
                Apply(together: 1);
                Apply(together: 32);
            }

            if (Settings.Wants("snapshot"))
            {
                await SnapshotAsync(Path.Combine(root, "snapshot"));
            }

            if (Settings.Wants("restart"))
            {
                await RestartAsync(Path.Combine(root, "restart"));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>The log alone: entries appended and synced together.</summary>
    private static void Append(string directory, int together)
    {
        using var log = Begin(directory);
        ulong index = 0;
        Row? row = null;
        for (var running = Stopwatch.StartNew(); running.Elapsed.TotalSeconds < Settings.Seconds;)
        {
            if (row is null && running.Elapsed.TotalSeconds > 0.5)
            {
                row = new($"append and sync, {together} entries together");
            }

            var entries = new LogEntry[together];
            for (var i = 0; i < together; i++)
            {
                entries[i] = new(++index, 1, EntryKind.Command, Value);
            }

            var began = Stopwatch.GetTimestamp();
            log.Append(new() { Entries = entries });
            log.Sync();
            row?.Done(began);
        }

        row!.Print(together);
    }

    /// <summary>Three members: from the proposal at the leader until the leader has applied it.</summary>
    private static async Task CommitAsync(string directory)
    {
        await using var members = new Members(directory, 3, () => new CountingMachine(), Options(3));
        for (var id = 1; id <= 3; id++)
        {
            members.Start(id);
        }

        var leader = await members.LeaderAsync();
        foreach (var clients in (int[])[1, 16, 64, 256])
        {
            await LoadAsync(members, leader, clients, new("warming up"), 1);
            var row = new Row($"commit, three members, {clients} at a time");
            await LoadAsync(members, leader, clients, row, Settings.Seconds);
            row.Print();
        }
    }

    private static Task LoadAsync(Members members, int leader, int clients, Row row, double seconds)
    {
        var machine = (CountingMachine)members.MachineOf(leader);
        var running = Stopwatch.StartNew();
        return Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            while (running.Elapsed.TotalSeconds < seconds)
            {
                var began = Stopwatch.GetTimestamp();
                var handed = await members[leader].ProposeAsync(Value, default);
                if (handed.Status != ProposeStatus.Appended)
                {
                    throw new InvalidOperationException($"the leader answered {handed.Status}");
                }

                await machine.AppliedAsync(handed.Index);
                row.Done(began);
            }
        })));
    }

    /// <summary>
    /// The replicated state alone, one thread: decode, check, apply, hash. As 64 clients write: each to a VM of its own,
    /// through a session whose latest 32 results are not acknowledged yet.
    /// </summary>
    private static void Apply(int together)
    {
        var machine = new ReplicatedMachine(Populated(256));
        var index = machine.Index;
        var session = index + 1;
        machine.Apply([new(++index, 1, EntryKind.Command, ReplicatedMachine.OpenSession())]);
        var sequence = 0UL;
        for (var turn = 0; turn < 2; turn++)
        {
            Row? row = null;
            for (var running = Stopwatch.StartNew(); running.Elapsed.TotalSeconds < Settings.Seconds / 2;)
            {
                var entries = new LogEntry[8192];
                for (var i = 0; i < entries.Length; i++)
                {
                    sequence++;
                    var command = ReplicatedMachine.Annotate(
                        i % 256, i / 256, session, sequence, acknowledgedBelow: sequence > 32 ? sequence - 32 : 0);
                    entries[i] = new(++index, 1, EntryKind.Command, command);
                }

                row ??= new($"apply, annotations of 256 bytes, {together} together");
                row.Go();
                for (var i = 0; i < entries.Length; i += together)
                {
                    var batch = new ArraySegment<LogEntry>(entries, i, together);
                    var began = Stopwatch.GetTimestamp();
                    machine.Apply(batch);
                    row.Done(began);
                }

                row.Rest();
            }

            row!.Go();
            if (turn > 0)
            {
                row.Print(together);
            }
        }
    }

    /// <summary>10,000 VMs: encoded, written, and brought over TCP to a follower that lacks them.</summary>
    private static async Task SnapshotAsync(string directory)
    {
        var state = Populated(Vms);
        var encoding = Stopwatch.StartNew();
        using var image = new MemoryStream();
        Snapshots.Write(state, image);
        Row.Once($"snapshot of {Vms} VMs, encode", encoding.Elapsed, $"{image.Length >> 10} KiB");
        var store = new SnapshotStore(
            PosixFileSystem.Instance, Path.Combine(directory, "store"), NullLogger<SnapshotStore>.Instance);
        var writing = Stopwatch.StartNew();
        store.Save(new(state.Index, 1, Options(3).InitialConfiguration), stream => Snapshots.Write(state, stream));
        Row.Once($"snapshot of {Vms} VMs, encode and write", writing.Elapsed);

        var options = Options(3) with { SnapshotEntries = 2_000, TrailingEntries = 100, TrailingBytes = 1 << 16 };
        await using var members = new Members(directory, 3, () => new ReplicatedMachine(), options);
        for (var id = 1; id <= 3; id++)
        {
            members.Start(id);
        }

        var leader = await members.LeaderAsync();
        var late = leader == 3 ? 2 : 3;
        await members.StopAsync(late);
        await ProposeAllAsync(members, leader, Enumerable.Range(0, Vms).Select(ReplicatedMachine.Register));

        // The log is kept for a member that was heard of lately; one that is down loses this after a while.
        for (var i = 0; members[leader].Status.First < Vms; i++)
        {
            await ProposeAllAsync(
                members, leader, Enumerable.Range(0, 1_000).Select(n => ReplicatedMachine.Annotate(n, (i * 1_000) + n)));
        }

        var before = members[leader].Status;
        var silence = TimeSpan.Zero;
        var installing = Stopwatch.StartNew();
        members.Start(late);
        while (members[late].Status.Applied < before.Applied)
        {
            foreach (var peer in members[leader].Status.Peers.Where(peer => peer.Member.Value != (ulong)late))
            {
                silence = peer.SinceContact > silence ? peer.SinceContact : silence;
            }

            await Task.Delay(5);
        }

        var after = members[leader].Status;
        var kept = after.Term == before.Term && after.IsLeader ? "leader and term kept" : "THE LEADER CHANGED";
        Row.Once(
            $"snapshot of {Vms} VMs, installed on a follower",
            installing.Elapsed,
            $"from its start to its last entry; {kept}; heartbeats every {options.Tick.TotalMilliseconds} ms, the other "
                + $"follower silent for {silence.TotalMilliseconds} ms at most");
    }

    /// <summary>From an open of the log until all of it is applied again.</summary>
    private static async Task RestartAsync(string directory)
    {
        var entries = Settings.RestartEntries;
        using (var log = Begin(directory))
        {
            var commands = Enumerable.Range(0, 16).Select(i => ReplicatedMachine.Annotate(0, i)).ToArray();
            for (var index = 1; index <= entries;)
            {
                var batch = new LogEntry[Math.Min(1000, entries - index + 1)];
                for (var i = 0; i < batch.Length; i++, index++)
                {
                    var command = index switch
                    {
                        1 => ReplicatedMachine.RegisterNode(),
                        2 => ReplicatedMachine.Register(0),
                        _ => commands[index % commands.Length],
                    };
                    batch[i] = new((ulong)index, 1, EntryKind.Command, command);
                }

                log.Append(new() { Entries = batch });
                log.Sync();
            }

            log.MarkDurable();
        }

        await RestartAsync(directory, "restart, all that the engine does", () => new CountingMachine(), entries);
        await RestartAsync(directory, "restart, the replicated state applied too", () => new ReplicatedMachine(), entries);
    }

    private static async Task RestartAsync(string directory, string name, Func<IStateMachine> machine, int entries)
    {
        GC.Collect();
        var taken = Stopwatch.StartNew();
        var options = Options(1) with { SnapshotEntries = int.MaxValue, SnapshotBytes = long.MaxValue };
        await using var members = new Members(directory, 1, machine, options);
        members.Start(1);
        var opened = taken.Elapsed;
        while (members[1].Status.Applied < (ulong)entries)
        {
            await Task.Delay(5);
        }

        Row.Once(name, taken.Elapsed, $"{entries} entries; the log was read after {opened.TotalMilliseconds:0} ms");
    }

    private static async Task ProposeAllAsync(
        Members members, int leader, IEnumerable<ReadOnlyMemory<byte>> commands)
    {
        ProposeResult last = default;
        foreach (var some in commands.Prepend(ReplicatedMachine.RegisterNode()).Chunk(512))
        {
            foreach (var command in some)
            {
                last = await members[leader].ProposeAsync(command, default);
            }

            while (members[leader].Status.Applied < last.Index)
            {
                await Task.Delay(1);
            }
        }
    }

    private static ClusterState Populated(int vms)
    {
        var state = ClusterState.Empty;
        var commands = Enumerable.Range(0, vms).Select(ReplicatedMachine.Register);
        foreach (var command in commands.Prepend(ReplicatedMachine.RegisterNode()))
        {
            var outcome = state.Apply(new CommittedCommand(state.Index + 1, 1, command));
            state = outcome.Result is Applied ? outcome.State : throw new InvalidOperationException($"{outcome.Result}");
        }

        return state;
    }

    private static RaftHostOptions Options(int members) => new()
    {
        Core = new() { Self = new(1), Seed = 1 },
        InitialConfiguration = Configuration.Of(Enumerable.Range(1, members).Select(id => new MemberId((ulong)id))),
    };

    /// <summary>A new log of the only member of a cluster.</summary>
    private static WriteAheadLog Begin(string directory)
    {
        var log = Members.OpenLog(directory, 1, out _);
        log.Append(new()
        {
            HardState = new HardState(1, new(1)),
            Snapshot = new SnapshotMeta(0, 0, Options(1).InitialConfiguration),
        });
        log.Sync();
        return log;
    }
}
