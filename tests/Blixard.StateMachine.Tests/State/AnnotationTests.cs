using System.Text;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Google.Protobuf;

namespace Blixard.StateMachine.Tests.State;

/// <summary>What clients note with a VM.</summary>
public sealed class AnnotationTests
{
    [Fact]
    public void A_value_is_kept_replaced_and_removed()
    {
        var replica = WithVm();

        replica.Do(Make.Annotate("web", "owner", "ops"));
        Assert.Equal("ops", replica.Vm("web").Annotations.All["owner"].Text(3));
        replica.Do(Make.Annotate("web", "owner", "development"));
        Assert.Equal("development", replica.Vm("web").Annotations.All["owner"].Text(100));
        Assert.Equal(5 + 11, replica.Vm("web").Annotations.Bytes);
        replica.Do(Make.Annotate("web", "owner", ""));

        Assert.Empty(replica.Vm("web").Annotations.All);
        Assert.Equal(0, replica.Vm("web").Annotations.Bytes);
    }

    [Fact]
    public void Each_change_is_an_event_of_that_key_alone()
    {
        var replica = WithVm();
        replica.Do(Make.Annotate("web", "other", "x"));

        var added = Assert.Single(replica.Do(Make.Annotate("web", "owner", "ops")).Changes);
        var changed = Assert.Single(replica.Do(Make.Annotate("web", "owner", "dev")).Changes);
        var removed = Assert.Single(replica.Do(Make.Annotate("web", "owner", "")).Changes);

        Assert.Equal((ChangeKind.Modify, "web", "annotated by n1"), (added.Kind, added.Name, added.Reason));
        Assert.Equal(
            [
                new FieldChange("annotations[owner]", FieldAction.Added, null, FieldValue.Of("ops")),
                new FieldChange("annotations[owner]", FieldAction.Changed, FieldValue.Of("ops"), FieldValue.Of("dev")),
                new FieldChange("annotations[owner]", FieldAction.Removed, FieldValue.Of("dev"), null),
            ],
            [.. added.Fields, .. changed.Fields, .. removed.Fields]);
    }

    [Fact]
    public void The_same_value_again_changes_nothing_and_tells_of_nothing()
    {
        var replica = WithVm();
        replica.Do(Make.Annotate("web", "owner", "ops"));
        var (vm, hash) = (replica.Vm("web"), replica.State.Hash);

        Assert.Empty(replica.Do(Make.Annotate("web", "owner", "ops")).Changes);
        Assert.Empty(replica.Do(Make.Annotate("web", "nothing", "")).Changes);

        Assert.Same(vm, replica.Vm("web"));
        Assert.Equal(hash, replica.State.Hash);
    }

    [Theory]
    [InlineData("00ff")]
    [InlineData("c328")]
    [InlineData("1b5b324a")]
    public void What_is_no_text_is_told_of_by_length_and_digest(string hex)
    {
        var replica = WithVm();

        var field = Assert.Single(Assert.Single(
            replica.Do(Make.Annotate("web", "blob", Convert.FromHexString(hex))).Changes).Fields);

        Assert.Matches($@"^{hex.Length / 2} bytes \([0-9a-f]{{16}}\)$", field.New!.Value.Text!);
        Assert.Null(replica.Vm("web").Annotations.All["blob"].Text(4096));
    }

    [Fact]
    public void A_long_text_is_told_of_like_bytes_and_two_of_one_length_apart()
    {
        var replica = WithVm();
        replica.Do(Make.Annotate("web", "a", new string('x', Annotation.MaxShownBytes)));
        replica.Do(Make.Annotate("web", "b", new string('x', Annotation.MaxShownBytes + 1)));

        var change = Assert.Single(
            replica.Do(Make.Annotate("web", "b", new string('x', Annotation.MaxShownBytes) + "y")).Changes);

        Assert.Equal(new string('x', 128), replica.Vm("web").Annotations.All["a"].Shown);
        Assert.StartsWith("129 bytes (", change.Fields[0].New!.Value.Text, StringComparison.Ordinal);
        Assert.NotEqual(change.Fields[0].Old, change.Fields[0].New);
    }

    [Fact]
    public void The_digest_depends_on_every_byte_and_on_the_length()
    {
        var digests = new HashSet<ulong>();
        for (var length = 0; length < 40; length++)
        {
            Assert.True(digests.Add(new Annotation(ByteString.CopyFrom(new byte[length])).Digest));
            for (var i = 0; i < length; i++)
            {
                var value = new byte[length];
                value[i] = 1;
                Assert.True(digests.Add(new Annotation(ByteString.CopyFrom(value)).Digest), $"{length}, {i}");
            }
        }
    }

    [Fact]
    public void An_unknown_vm_can_not_be_annotated_nor_made_that_way()
    {
        var replica = WithVm();

        replica.Refuses(Make.Annotate("db", "owner", "ops"), RejectionReason.VmNotFound, "VM db not found");
        replica.Refuses(Make.Annotate("db", "owner", ""), RejectionReason.VmNotFound, "VM db not found");
    }

    [Fact]
    public void A_vm_takes_so_many_keys_and_a_full_one_can_still_be_changed()
    {
        var replica = WithVm();
        for (var i = 0; i < Annotations.MaxKeys; i++)
        {
            replica.Do(Make.Annotate("web", $"k{i}", "v"));
        }

        replica.Refuses(
            Make.Annotate("web", "more", "v"),
            RejectionReason.AnnotationsFull,
            "VM web would have 65 annotations, the most is 64");
        replica.Do(Make.Annotate("web", "k1", "w"));
        replica.Do(Make.Annotate("web", "k2", ""));
        replica.Do(Make.Annotate("web", "more", "v"));
    }

    [Fact]
    public void A_vm_takes_so_many_bytes_keys_included()
    {
        var replica = WithVm();
        for (var i = 10; i < 25; i++)
        {
            replica.Do(Make.Annotate("web", $"k{i}", new byte[4096]));
        }

        // 15 keys of 3 bytes each are taken.
        const int Left = (64 * 1024) - (15 * (4096 + 3)) - 3;
        replica.Refuses(
            Make.Annotate("web", "k25", new byte[Left + 1]),
            RejectionReason.AnnotationsFull,
            "VM web would have 65537 bytes of annotations, the most is 65536");
        replica.Do(Make.Annotate("web", "k25", new byte[Left]));
        replica.Do(Make.Annotate("web", "k25", new byte[Left - 1]));
    }

    [Fact]
    public void They_go_with_their_vm_and_do_not_come_back()
    {
        var replica = WithVm();
        replica.Do(Make.Annotate("web", "owner", "ops"));

        replica.Do(Make.RemoveVM("web"));
        replica.Do(Make.RegisterVM("web", "n1"));

        Assert.Empty(replica.Vm("web").Annotations.All);
    }

    [Fact]
    public void A_snapshot_keeps_them_byte_for_byte()
    {
        var replica = WithVm();
        replica.Do(Make.Annotate("web", "blob", [0, 1, 2, 255]));
        replica.Do(Make.Annotate("web", "owner", "ops"));

        var copy = SnapshotTests.Copy(replica.State).Vms["web"].Annotations;

        Assert.Equal([0, 1, 2, 255], copy.All["blob"].Value.ToByteArray());
        Assert.Equal("ops", Encoding.UTF8.GetString(copy.All["owner"].Value.Span));
        Assert.Equal(replica.Vm("web").Annotations.Bytes, copy.Bytes);
    }

    [Theory]
    [InlineData("web", "", 1, "key \"\" is not a name")]
    [InlineData("web", "a/b", 1, "key \"a/b\" is not a name")]
    [InlineData("web", "a..b", 1, "key \"a..b\" is not a name")]
    [InlineData("-web", "a", 1, "vm \"-web\" is not a name")]
    [InlineData("web", "a", 4097, "4097 bytes of value, the most is 4096")]
    public void A_malformed_one_is_refused(string vm, string key, int bytes, string detail)
    {
        var rejected = CommandValidator.Check(Make.Annotate(vm, key, new byte[bytes]));

        Assert.Equal(RejectionReason.Invalid, rejected!.Reason);
        Assert.StartsWith(detail, rejected.Detail, StringComparison.Ordinal);
    }

    private static Replica WithVm()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        return replica;
    }
}
