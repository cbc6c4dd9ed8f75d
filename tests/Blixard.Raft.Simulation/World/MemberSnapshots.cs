using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Simulation.World;

/// <summary>A state as it was when it was captured, on its way into a file.</summary>
internal sealed record SnapshotCapture(SnapshotMeta Meta, Action<Stream> Write);

/// <summary>One snapshot on its way from a leader to a member that lacks the log.</summary>
/// <param name="Incarnation">The sender's when it began: a restarted sender knows nothing of it.</param>
internal sealed record SnapshotTransfer(
    MemberId From, MemberId To, ulong Term, SnapshotMeta Meta, byte[] Content, uint Checksum, int Incarnation)
{
    public bool Arrived { get; init; }

    /// <summary>Asked for by an observer: it may come from any member.</summary>
    public bool ToObserver { get; init; }
}

/// <summary>Snapshots of one member: captured, stored, compacted, sent and received, in the product's own files.</summary>
internal sealed class MemberSnapshots(SimWorld world, SimMember member)
{
    private const int SendRetry = 50_000;
    private const int PartBytes = 64;

    private SnapshotCapture? _saving;
    private Configuration _configuration = Configuration.Empty;
    private LogEntry? _applied;
    private ulong _newest;

    private SnapshotStore Store => member.Disk.Snapshots!;

    /// <summary>What a crash now interrupts; null: nothing.</summary>
    public Action? Doing => _saving is { } capture ? () => Store.Save(capture.Meta, capture.Write) : null;

    public void Forget()
    {
        _saving = null;
        _applied = null;
        _newest = 0;
    }

    public void Opened(SnapshotMeta snapshot)
    {
        _applied = null;
        _newest = snapshot.Index;
        _configuration = snapshot.Configuration;
    }

    /// <summary>The state machine's state is that of a leader's snapshot from now on.</summary>
    public void Restore(SnapshotMeta received)
    {
        using var stored = Store.OpenForSending(received.Index)
            ?? throw new InvalidOperationException($"the snapshot at {received.Index} that was just stored is gone");
        member.Machine.Restore(stored.Meta, stored.Content);
        Opened(stored.Meta);
        world.Invariants.Restored(member, stored.Meta);
    }

    /// <summary>
    /// Captures the state now and then; the file is durable only later, and until then nothing is deleted.
    /// </summary>
    public void Applied(LogEntry entry)
    {
        // The one in force at this entry, which need not be the newest in the log.
        _configuration = entry.Kind == EntryKind.Configuration
            ? ConfigurationCodec.Decode(entry.Data.Span)
            : _configuration;
        var every = (ulong)world.Options.SnapshotEvery;
        _applied = entry;
        if (every > 0 && entry.Index >= _newest + every)
        {
            Take(entry);
        }
    }

    /// <summary>Of the state as it is after that entry, the last that was applied; one at a time.</summary>
    private void Take(LogEntry entry)
    {
        if (_saving is not null)
        {
            return;
        }

        _newest = entry.Index;
        _saving = new(
            new(entry.Index, entry.Term, _configuration), member.Machine.CaptureSnapshot());
#if MUTANTS
        if (Planted.Is(Mutant.CompactedBeforeSnapshotDurable))
        {
            member.Storage.Compact(_saving.Meta, entry.Index);
        }
#endif
        world.Schedule(
            world.Random.Between(world.Options.SyncLow, world.Options.SyncHigh * 4),
            EventKind.SnapshotStored,
            member,
            _saving);
    }

    public void Stored(SnapshotCapture capture)
    {
        _saving = null;
        try
        {
            Store.Save(capture.Meta, capture.Write);
        }
        catch (NoSpaceException)
        {
            // Nothing changed; the next one may find room.
            return;
        }

        if (capture.Meta.Index < member.Node!.Snapshot.Index)
        {
            // A newer one came from the leader meanwhile.
            return;
        }

        var trailing = (ulong)world.Options.Trailing;
        var through = capture.Meta.Index > trailing ? capture.Meta.Index - trailing : 0;
        member.Node!.Compact(capture.Meta, through);
        member.Storage.Compact(capture.Meta, through);
        world.Trace.Add(world, member.Number, "snapshot stored", capture.Meta.Index);
    }

    /// <summary>As the product's SnapshotDispatch: a damaged file is not sent, and a new one is taken.</summary>
    public void Send(InstallSnapshotRequest request)
    {
        var transfer = new SnapshotTransfer(
            request.From, request.To, request.Term, request.Snapshot, [], 0, member.Incarnation)
        {
            ToObserver = request.ToObserver,
        };
        if (request.Snapshot.Index == 0 && _applied is { } applied)
        {
            // For an observer: none was taken yet.
            Take(applied);
        }

        try
        {
            using var stored = Store.OpenForSending(request.Snapshot.Index);
            if (stored is not null)
            {
                var content = new byte[stored.Length];
                stored.Content.ReadExactly(content);
                var high = world.Network.IsCalm ? 5_000 : world.Options.SnapshotTransferHigh;
                world.Schedule(
                    world.Random.Between(500, high),
                    EventKind.SnapshotArrived,
                    world.Member(request.To),
                    transfer with { Meta = stored.Meta, Content = content, Checksum = stored.Checksum });
                return;
            }
        }
        catch (SnapshotCorruptException damage)
        {
            member.Disk.RequireDamaged(damage);
            _newest = 0;
        }

        world.Schedule(SendRetry, EventKind.SnapshotOutcome, member, transfer);
    }

    /// <summary>At the receiver: stored durably, then told to the core.</summary>
    public void Arrived(SnapshotTransfer transfer)
    {
        var from = world.Member(transfer.From);
        var broken = !world.Network.IsCalm && world.Random.Chance(world.Options.DropChance);
        var arrived = false;
        try
        {
            arrived = member.Node is not null
                && world.Network.Works(from.Number, member.Number)
                && Receive(transfer, broken ? world.Random.Below(transfer.Content.Length) : transfer.Content.Length);
        }
        finally
        {
            // Also if the receiver's disk failed it: the connection breaks.
            if (from.Incarnation == transfer.Incarnation)
            {
                world.Schedule(
                    world.Random.Between(200, 2_000),
                    EventKind.SnapshotOutcome,
                    from,
                    transfer with { Arrived = arrived });
            }
        }

        if (arrived)
        {
            var received = new SnapshotReceived(transfer.From, transfer.To, transfer.Term, transfer.Meta);
            member.Node!.Step(received with { ToObserver = transfer.ToObserver });
        }
    }

    /// <summary>At the sender.</summary>
    public void Outcome(SnapshotTransfer transfer)
    {
        if (transfer.Arrived)
        {
            member.Node!.SnapshotDelivered(transfer.To, transfer.Meta.Index);
        }
        else
        {
            member.Node!.SnapshotFailed(transfer.To);
        }
    }

    /// <summary>Part by part, up to where the connection breaks; the next time it goes on from there.</summary>
    private bool Receive(SnapshotTransfer transfer, int breaksAt)
    {
        try
        {
            using var target = Store.ReceiveInParts(transfer.Meta, transfer.Content.Length, transfer.Checksum);
            while (target.Received < breaksAt)
            {
                var part = transfer.Content.AsSpan((int)target.Received);
                target.Append(part[..Math.Min(part.Length, PartBytes)]);
            }

            if (target.Received < target.Length)
            {
                return false;
            }

            target.Commit();
            member.Disk.Received(transfer.Meta);
            return true;
        }
        catch (NoSpaceException)
        {
            return false;
        }
        catch (InvalidDataException)
        {
            // The checksum says that the sender's file is damaged, or that of the parts that were here before a loss of
            // power some were not on disk: nothing is kept, and the next transfer begins anew.
            return false;
        }
    }
}
