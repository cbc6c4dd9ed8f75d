using System.Buffers.Binary;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class SnapshotTests
{
    [Fact]
    public void A_state_comes_back_as_it_was()
    {
        for (var seed = 100; seed < 140; seed++)
        {
            var stream = new CommandStream(seed);
            var state = ClusterState.StartingWith(new ClusterSettings(MaxSessions: 4, MaxSessionResults: 16));
            for (var i = 0; i < 300; i++)
            {
                state = state.Apply(state.Index + 1, 2, stream.Next(state.Index + 1)).State;
            }

            var copy = Copy(state);

            Assert.Equal((state.Index, state.Term, state.Hash), (copy.Index, copy.Term, copy.Hash));
            Assert.Equal((state.Settings, state.ClusterVersion), (copy.Settings, copy.ClusterVersion));
            Assert.Equal(StateHash.Recompute(copy), copy.Hash);
            Assert.Equal(state.Sessions.Hash, copy.Sessions.Hash);
            Assert.Equal(Bytes(state), Bytes(copy));
            Assert.All(state.Vms.Values, vm => Assert.Equal(
                VmFields.Of(vm, null).Since(new FieldList()),
                VmFields.Of(copy.Vms[vm.Name], null).Since(new FieldList())));
        }
    }

    [Fact]
    public void The_empty_state_has_a_snapshot_too() =>
        Assert.Equal(ClusterState.Empty.Hash, Copy(ClusterState.Empty).Hash);

    [Fact]
    public void The_sessions_are_inside_so_a_retry_is_still_known()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;
        var command = Make.RegisterVM("web", "n1").In(session, 1);
        var first = replica.Do(command);
        replica.Do(Make.RemoveVM("web"));

        var restored = new Replica(Copy(replica.State));
        var again = restored.Apply(command);

        Assert.True(again.Duplicate);
        Assert.Equal(first.Result, again.Result);
        Assert.Empty(restored.State.Vms);
    }

    [Fact]
    public void A_restored_state_sorts_by_ordinal_whatever_it_is_used_for_next()
    {
        var state = Copy(Replica.With("n1").State);

        Assert.Same(StringComparer.Ordinal, state.Nodes.KeyComparer);
        Assert.Same(StringComparer.Ordinal, state.Vms.KeyComparer);
        Assert.Same(StringComparer.Ordinal, state.Nodes["n1"].Labels.KeyComparer);
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        var bytes = Bytes(Some());
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<SnapshotUnreadableException>(() => Snapshots.Read(new MemoryStream(bytes)));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Every_cut_is_found()
    {
        var bytes = Bytes(Some());
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<SnapshotUnreadableException>(() => Snapshots.Read(new MemoryStream(bytes, 0, length)));
        }
    }

    [Fact]
    public void The_message_says_what_is_wrong()
    {
        var bytes = Bytes(Some());
        var body = bytes.Length - 24;

        Assert.Equal("it ends after 7 bytes, within its header", Why(bytes[..7]));
        Assert.Equal($"it ends after 3 of the {body} bytes of its body", Why(bytes[..27]));
        Assert.Equal($"bytes follow the {body} of its body", Why([.. bytes, 0]));
        Assert.Equal("it does not begin with BLIXSNAP", Why([.. "SNAPBLIX"u8, .. bytes.AsSpan(8)]));
        Assert.Equal("its format is 2, this version reads 1", Why([.. bytes.AsSpan(0, 8), 2, .. bytes.AsSpan(9)]));

        var huge = bytes.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(huge.AsSpan(12), 1UL << 40);
        Assert.Equal("it says it has 1099511627776 bytes, the most is 1073741824", Why(huge));
    }

    [Fact]
    public void A_snapshot_of_a_later_cluster_version_is_refused()
    {
        var later = Some() with { ClusterVersion = ClusterState.SupportedClusterVersion + 1 };

        Assert.Equal(
            $"it is of cluster version {CommandVersions.Newest + 1}, this blixard-node knows up to "
                + $"{CommandVersions.Newest}: start a newer one",
            Why(Bytes(later with { Hash = StateHash.Recompute(later) })));
    }

    [Fact]
    public void A_snapshot_that_does_not_make_the_state_it_was_made_of_is_refused()
    {
        var state = Some();

        Assert.Equal(
            $"the state in it has the hash {state.Hash:x16}, it was made of one with {state.Hash + 1:x16}",
            Why(Bytes(state with { Hash = state.Hash + 1 })));
    }

    internal static byte[] Bytes(ClusterState state)
    {
        using var stream = new MemoryStream();
        Snapshots.Write(state, stream);
        return stream.ToArray();
    }

    internal static ClusterState Copy(ClusterState state) => Snapshots.Read(new MemoryStream(Bytes(state)));

    private static ClusterState Some()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        return replica.State;
    }

    private static string Why(byte[] bytes) =>
        Assert.Throws<SnapshotUnreadableException>(() => Snapshots.Read(new MemoryStream(bytes))).Why;
}
