using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>What goes wrong, and when: each kind of trouble schedules its own next visit.</summary>
internal sealed class Nemesis(SimWorld world)
{
    private readonly MembershipChanges _membership = new(world);

    public void Begin()
    {
        Again(EventKind.Partition, world.Options.PartitionEvery);
        Again(EventKind.Crash, world.Options.CrashEvery);
        Again(EventKind.Pause, world.Options.PauseEvery);
        Again(EventKind.Stall, world.Options.StallEvery);
        Again(EventKind.Transfer, world.Options.TransferEvery);
        Again(EventKind.DiskError, world.Options.DiskErrorEvery);
        Again(EventKind.DiskFull, world.Options.DiskFullEvery);
        Again(EventKind.Membership, world.Options.MembershipEvery);
    }

    /// <summary>Somebody was elected; it may not enjoy it for long.</summary>
    public void Elected(SimMember leader)
    {
        if (!world.Network.IsCalm && world.Random.Chance(world.Options.CoupChance))
        {
            var high = (2 * world.Options.LatencyHigh) + world.Options.SyncHigh + world.Options.HostLag;
            world.Schedule(world.Random.Below(high), EventKind.Coup, leader.Number);
        }
    }

    public void Strike(EventKind kind, object? payload)
    {
        switch (kind)
        {
            case EventKind.Coup:
                Coup(world.Members[(int)payload!]);
                break;
            case EventKind.CoupOver:
                world.Network.Rejoin((int)payload!);
                break;
            case EventKind.Partition:
                world.Trace.Add(world, -1, "links:", world.Network.Rearrange(world.Leader()));
                Again(kind, world.Options.PartitionEvery);
                break;
            case EventKind.Crash:
                Crash();
                Again(kind, world.Options.CrashEvery);
                break;
            case EventKind.Pause:
                var paused = Any();
                paused.PausedUntil = world.Now + world.Random.Below(40 * SwarmOptions.TickPeriod);
                world.Trace.Add(world, paused.Number, "paused until", paused.PausedUntil);
                Again(kind, world.Options.PauseEvery);
                break;
            case EventKind.Stall:
                var stalled = Any();
                var until = world.Now + world.Random.Below(100 * SwarmOptions.TickPeriod);
                stalled.Storage.Stall(until);
                world.Trace.Add(world, stalled.Number, "disk stalls until", until);
                Again(kind, world.Options.StallEvery);
                break;
            case EventKind.DiskError:
                DiskError(Any());
                Again(kind, world.Options.DiskErrorEvery);
                break;
            case EventKind.DiskFull:
                var full = Any();
                full.Disk.Fill(world.Random.Below(6_000), isKnown: world.Random.Chance(700));
                full.SetStorageLow();
                world.Trace.Add(world, full.Number, "has a disk without room");
                world.Schedule(world.Random.Below(1_000_000), EventKind.DiskFreed, full.Number);
                Again(kind, world.Options.DiskFullEvery);
                break;
            case EventKind.DiskFreed:
                var freed = world.Members[(int)payload!];
                freed.Disk.Free();
                freed.SetStorageLow();
                break;
            case EventKind.Membership:
                _membership.Strike();
                Again(kind, world.Options.MembershipEvery);
                break;
            case EventKind.Transfer:
                Transfer();
                Again(kind, world.Options.TransferEvery);
                break;
        }
    }

    /// <summary>
    /// All trouble ends: links work, clocks are nearly right, everything that is down comes up. Sometimes after one last
    /// loss of power everywhere, so that whatever survives was on stable storage.
    /// </summary>
    public void Relent()
    {
        world.Network.Calm();
        var blackout = world.Random.Chance(400);
        world.Trace.Add(world, -1, blackout ? "the power fails everywhere; then all heals" : "all heals");
        LeaveOut();
        foreach (var member in world.Members)
        {
            member.PausedUntil = 0;
            member.Storage.Stall(0);
            member.Disk.Free();
            member.SetStorageLow();
            member.TickPeriod = SwarmOptions.TickPeriod + world.Random.Between(-500, 500);
            if (blackout)
            {
                member.Crash(powerLoss: true);
            }

            member.Start();
        }
    }

    /// <summary>Sometimes some stay down for good: a quorum must do.</summary>
    private void LeaveOut()
    {
        if (!world.Random.Chance(300))
        {
            return;
        }

        for (var tries = world.Members.Length / 2; tries > 0; tries--)
        {
            var member = world.Members[world.Random.Below(world.Members.Length)];
            if (member.TakesPart && world.Faults.CanSpare(member))
            {
                member.Crash(powerLoss: false);
                member.IsLeftOut = true;
                world.Trace.Add(world, member.Number, "stays down");
            }
        }
    }

    private void Crash()
    {
        if (world.Random.Chance(world.Options.BlackoutChance))
        {
            foreach (var member in world.Members)
            {
                Crash(member);
            }
        }
        else
        {
            Crash(Any());
        }
    }

    private void Crash(SimMember member)
    {
        if (member.Node is null)
        {
            return;
        }

        var powerLoss = world.Random.Chance(world.Options.PowerLossChance);
        member.Crash(powerLoss);
        world.Trace.Add(world, member.Number, powerLoss ? "loses power" : "is killed");
        if (!powerLoss)
        {
            Disconnect(member);
        }

        if (world.Random.Chance(world.Options.DamageChance) && world.Faults.MayDamage(member))
        {
            world.Trace.Add(world, member.Number, "disk damaged:", MediumFaults.Strike(member.Disk, world.Random));
        }

        world.Schedule(world.Random.Below(world.Options.DownHigh), EventKind.Start, member);
    }

    /// <summary>The kernel of a machine whose process died ends its connections, where the links still work.</summary>
    private void Disconnect(SimMember gone)
    {
        foreach (var member in world.Members)
        {
            if (member.Node is not null
                && world.Network.Works(gone.Number, member.Number)
                && world.Random.Chance(world.Options.DisconnectChance))
            {
                world.Schedule(
                    world.Random.Between(world.Options.LatencyLow, world.Options.LatencyHigh),
                    EventKind.Disconnected,
                    member,
                    gone.Id);
            }
        }
    }

    private void DiskError(SimMember member)
    {
        var files = member.Disk.Files;
        switch (world.Random.Below(3))
        {
            case 0:
                files.FailNextSync = true;
                break;
            case 1:
                files.FailNextWrite = true;
                break;
            default:
                files.FailNextDirectorySync = true;
                break;
        }

        world.Trace.Add(world, member.Number, "disk is about to fail");
    }

    private void Coup(SimMember leader)
    {
        if (world.Random.Chance(300))
        {
            Crash(leader);
            return;
        }

        world.Network.Isolate(leader.Number);
        world.Trace.Add(world, leader.Number, "is cut off");
        var elections = world.Random.Between(1, 6) * world.Options.ElectionTicks * SwarmOptions.TickPeriod;
        world.Schedule(elections, EventKind.CoupOver, leader.Number);
    }

    private void Transfer()
    {
        var leader = world.Leader();
        if (leader >= 0 && world.Members[leader].PausedUntil <= world.Now)
        {
            var target = Any().Id;
            world.Trace.Add(world, leader, "transfers leadership to", target.Value);
            world.Members[leader].TransferLeadership(target);
        }
    }

    // Half of the time the leader: that is where trouble matters most.
    private SimMember Any()
    {
        var leader = world.Leader();
        return leader >= 0 && world.Random.Chance(500)
            ? world.Members[leader]
            : world.Members[world.Random.Below(world.Members.Length)];
    }

    private void Again(EventKind kind, int every)
    {
        if (every > 0)
        {
            world.Schedule(world.Random.Between(every / 4, every * 2), kind);
        }
    }
}
