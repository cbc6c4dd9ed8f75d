using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Replication;

public sealed class ApplyLoopTests
{
    private readonly AppliedState _applied = new();
    private readonly ChangeFeed _feed = new();
    private readonly ReplicationEvents _events = new();
    private readonly ApplyLoop _loop;

    public ApplyLoopTests() => _loop = new ApplyLoop(_applied, _feed, _events);

    [Fact]
    public void Entries_of_the_engine_move_the_index_and_are_told_apart()
    {
        var membership = new List<ulong>();
        _events.MembershipChanged += membership.Add;
        _loop.Apply([Entry(1, EntryKind.Noop), Entry(2, EntryKind.Configuration), Entry(3, EntryKind.Noop)]);

        Assert.Equal(3UL, _applied.Current.Index);
        Assert.Equal([2UL], membership);
    }

    [Fact]
    public void The_state_is_there_before_anybody_is_told()
    {
        var indexes = new List<ulong>();
        _events.Applied += _ => indexes.Add(_applied.Current.Index);
        _loop.Apply([Session(1), Session(2)]);

        Assert.Equal([2UL, 2UL], indexes);
    }

    [Fact]
    public void An_entry_that_cannot_be_decoded_stops_the_node_and_is_named()
    {
        var bad = new LogEntry(2, 1, EntryKind.Command, new byte[] { 9, 9 });
        var e = Assert.Throws<UndecodableCommandException>(() => _loop.Apply([Session(1), bad]));

        Assert.Contains("index 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_in_the_log_stops_the_node_and_is_named()
    {
        _loop.Apply([Session(1)]);
        var e = Assert.Throws<ApplyFailedException>(() => _loop.Apply([Session(3)]));

        Assert.Equal(3UL, e.Index);
        Assert.Contains("index 3", e.Message, StringComparison.Ordinal);
        Assert.Equal(1UL, _applied.Current.Index);
    }

    [Fact]
    public void A_snapshot_is_of_the_moment_of_its_capture_and_restores_the_state()
    {
        _loop.Apply([Session(1), Session(2)]);
        var write = _loop.CaptureSnapshot();
        var expected = _applied.Current;
        _loop.Apply([Session(3)]);
        using var stream = new MemoryStream();
        write(stream);
        stream.Position = 0;

        ClusterState? restored = null;
        _events.Restored += state => restored = state;
        _loop.Restore(new(2, 1, Configuration.Empty), stream);

        Assert.Equal(expected.Hash, _applied.Current.Hash);
        Assert.Equal(2UL, restored?.Index);
        Assert.Equal(2UL, _feed.Floor);
        _loop.Apply([Session(3)]);
        Assert.Equal(3UL, _applied.Current.Index);
    }

    [Fact]
    public void A_snapshot_of_another_index_than_it_is_said_to_be_stops_the_node()
    {
        _loop.Apply([Session(1)]);
        using var stream = new MemoryStream();
        _loop.CaptureSnapshot()(stream);
        stream.Position = 0;

        Assert.Throws<ApplyFailedException>(() => _loop.Restore(new(5, 1, Configuration.Empty), stream));
    }

    private static LogEntry Entry(ulong index, EntryKind kind) => new(index, 1, kind, default);

    private static LogEntry Session(ulong index)
    {
        var command = Command.Of(new OpenSession { Nonce = index });
        (command.Actor, command.TimeUnixMs) = ("n1", 1_000);
        return new(index, 1, EntryKind.Command, CommandCodec.Encode(command));
    }
}
