using System.Buffers.Binary;
using System.IO.Compression;
using Blixard.StateMachine.Commands;
using Google.Protobuf;

namespace Blixard.StateMachine.Tests.Commands;

public sealed class CommandCodecTests
{
    [Fact]
    public void A_small_command_is_plain()
    {
        var command = Make.RegisterVM("web", "n1");

        var bytes = CommandCodec.Encode(command);

        Assert.Equal(0, bytes.Span[0]);
        Assert.Equal(command.ToByteArray(), bytes[1..].ToArray());
        Assert.Equal(command, Decode(bytes));
    }

    [Fact]
    public void A_large_command_is_compressed_and_comes_back_the_same()
    {
        var command = Large(1000);

        var bytes = CommandCodec.Encode(command);

        Assert.Equal(1, bytes.Span[0]);
        Assert.InRange(bytes.Length, 1, command.CalculateSize() / 3);
        Assert.Equal(command, Decode(bytes));
    }

    [Fact]
    public void What_does_not_become_smaller_stays_plain()
    {
        var noise = new byte[300];
        var command = Make.RemoveVM("web");
        var random = new Random(1);
        var body = new UpdateNode { Node = "n1", Labels = new LabelSet() };
        for (var i = 0; i < 64; i++)
        {
            random.NextBytes(noise);
            var value = new string([.. noise.Select(b => (char)(b * 200))]);
            body.Labels.Labels.Add(new Label { Key = "k", Value = value });
        }

        command.UpdateNode = body;
        var bytes = CommandCodec.Encode(command);

        Assert.Equal(command, Decode(bytes));
        Assert.InRange(bytes.Length, 1, command.CalculateSize() + 1);
    }

    [Fact]
    public void A_command_that_no_entry_holds_is_not_encoded()
    {
        var random = new Random(1);
        var command = Make.Report("n1", 1);
        for (var i = 0; i < 4000; i++)
        {
            var message = new string([.. Enumerable.Range(0, 800).Select(_ => (char)random.Next(32, 127))]);
            command.UpdateState.Vms.Add(new VmObservation { Vm = $"vm{i}", Result = message });
        }

        var e = Assert.Throws<CommandTooLargeException>(() => CommandCodec.Encode(command));
        Assert.Equal(CommandCodec.MaxEncodedBytes, e.Limit);
        Assert.True(e.Size > e.Limit);
        Assert.Equal($"UpdateState has {e.Size} bytes, the most is {e.Limit}", e.Message);
    }

    [Fact]
    public void A_command_above_the_decoded_bound_is_not_encoded_however_well_it_compresses()
    {
        var command = Make.Report("n1", 1);
        command.UpdateState.BootId = new string('a', CommandCodec.MaxDecodedBytes);

        Assert.Equal(
            CommandCodec.MaxDecodedBytes,
            Assert.Throws<CommandTooLargeException>(() => CommandCodec.Encode(command)).Limit);
    }

    [Fact]
    public void An_empty_entry_stops_the_node() => Refuses([], "it is empty");

    [Fact]
    public void An_unknown_frame_stops_the_node() => Refuses([7, 1, 2], "frame 7 is not known to this version");

    [Fact]
    public void A_kind_of_a_later_version_stops_the_node()
    {
        // Field 99 of the envelope, length 0: a case of the oneof that this version does not have.
        byte[] envelope = [0, .. new Command { Actor = "n1", TimeUnixMs = 1 }.ToByteArray(), 0x9a, 0x06, 0x00];

        Refuses(envelope, "its kind is not known to this version");
    }

    [Fact]
    public void A_field_of_a_later_version_stops_the_node()
    {
        byte[] body = [.. new RemoveVM { Vm = "web" }.ToByteArray(), 0x98, 0x06, 0x01];
        byte[] command = [0, .. new Command { Actor = "n1" }.ToByteArray(), 0x92, 0x01, (byte)body.Length, .. body];

        var (known, all) = (command.Length - 4, command.Length - 1);
        Refuses(command, $"only {known} of its {all} bytes are fields of RemoveVM known to this version");
    }

    [Fact]
    public void Bytes_that_are_no_protobuf_stop_the_node()
    {
        var e = Assert.Throws<UndecodableCommandException>(() => Decode(new byte[] { 0, 0xff, 0xff, 0xff }, index: 12));

        Assert.Equal(12UL, e.Index);
        Assert.StartsWith("The committed command at index 12 can't be decoded: ", e.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidProtocolBufferException>(e.InnerException);
    }

    [Fact]
    public void A_compressed_entry_may_not_promise_more_than_the_bound()
    {
        var bytes = CommandCodec.Encode(Large(1000)).ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), 8 * 1024 * 1024 + 1);

        Refuses(bytes, "it says it has 8388609 bytes decompressed, the most is 8388608");
    }

    [Fact]
    public void A_compressed_entry_may_not_hold_more_than_it_promises()
    {
        var bomb = new byte[1 << 20];
        var packed = new byte[4096];
        Assert.True(BrotliEncoder.TryCompress(bomb, packed, out var written));
        byte[] bytes = [1, 100, 0, 0, 0, .. packed[..written]];

        var e = Assert.Throws<UndecodableCommandException>(() => Decode(bytes));
        Assert.StartsWith("decompression ended with DestinationTooSmall", e.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_entry_may_not_hold_less_than_it_promises()
    {
        var bytes = CommandCodec.Encode(Large(1000)).ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(1), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(1)) + 1);

        Assert.Throws<UndecodableCommandException>(() => Decode(bytes));
    }

    [Fact]
    public void Nothing_may_follow_a_compressed_entry()
    {
        byte[] bytes = [.. CommandCodec.Encode(Large(1000)).Span, 0];

        Assert.Throws<UndecodableCommandException>(() => Decode(bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(200)]
    public void A_compressed_entry_that_is_cut_off_stops_the_node(int length)
    {
        var bytes = CommandCodec.Encode(Large(1000))[..length];

        Assert.Throws<UndecodableCommandException>(() => Decode(bytes));
    }

    [Fact]
    public void An_entry_above_the_bound_of_the_log_stops_the_node() =>
        Refuses(new byte[CommandCodec.MaxEncodedBytes + 1], "it has 1572865 bytes, the most is 1572864");

    private static Command Large(int vms)
    {
        var command = Make.Report("n1", 1);
        for (var i = 0; i < vms; i++)
        {
            command.UpdateState.Vms.Add(Make.Seen($"vm{i}"));
        }

        return command;
    }

    private static Command Decode(ReadOnlyMemory<byte> bytes, ulong index = 1) =>
        CommandCodec.Decode(new CommittedCommand(index, 1, bytes));

    private static void Refuses(byte[] bytes, string why) =>
        Assert.Equal(why, Assert.Throws<UndecodableCommandException>(() => Decode(bytes)).Why);
}
