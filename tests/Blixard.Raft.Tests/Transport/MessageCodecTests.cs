using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

public sealed class MessageCodecTests
{
    [Fact]
    public void Every_kind_of_message_is_tried_here_but_the_one_that_is_local()
    {
        var kinds = typeof(Message).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Message))).ToHashSet();
        kinds.Remove(typeof(SnapshotReceived));
        Assert.Equal(
            kinds.Select(t => t.Name).Order(), Messages.OfEveryKind.Select(m => m.GetType().Name).Order());
    }

    [Fact]
    public void A_message_comes_back_as_it_was()
    {
        foreach (var message in Messages.OfEveryKind)
        {
            Assert.Equal(
                Messages.Show(message), Messages.Show(MessageCodec.Read(MessageCodec.TypeOf(message), Encode(message))));
        }
    }

    [Fact]
    public void The_bytes_of_version_1_do_not_change()
    {
        var lines = Messages.OfEveryKind.Select(
            m => $"{m.GetType().Name} {(byte)MessageCodec.TypeOf(m)} {Convert.ToHexString(Encode(m))}");
        var golden = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Transport", "messages-v1.txt"));
        Assert.Equal(golden, lines);
    }

    [Fact]
    public void Every_shortened_message_is_refused()
    {
        foreach (var message in Messages.OfEveryKind)
        {
            var bytes = Encode(message);
            for (var length = 0; length < bytes.Length; length++)
            {
                var cut = bytes[..length];
                Assert.Throws<ProtocolException>(() => MessageCodec.Read(MessageCodec.TypeOf(message), cut));
            }
        }
    }

    [Fact]
    public void Bytes_after_the_end_are_refused()
    {
        foreach (var message in Messages.OfEveryKind)
        {
            byte[] longer = [.. Encode(message), 0];
            Assert.Throws<ProtocolException>(() => MessageCodec.Read(MessageCodec.TypeOf(message), longer));
        }
    }

    [Fact]
    public void Random_bytes_are_a_message_or_refused_and_nothing_else()
    {
        var random = new SplitMix64(7);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Below(120)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)random.Below(random.Below(4) == 0 ? 256 : 3);
            }

            var type = (FrameType)(16 + random.Below(17));
            try
            {
                MessageCodec.Read(type, bytes);
            }
            catch (ProtocolException)
            {
                // The only way to say no.
            }
        }
    }

    [Fact]
    public void A_count_that_can_not_be_true_is_refused_before_anything_is_allocated_for_it()
    {
        var target = new ByteWriter();
        foreach (var value in (ulong[])[1, 2, 3, 0, 0, 0])
        {
            target.U64(value);
        }

        target.U32(uint.MaxValue);
        var error = Assert.Throws<ProtocolException>(() => MessageCodec.Read(FrameType.AppendRequest, target.Written.Span));
        Assert.Contains("items", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_with_a_gap_or_a_term_that_goes_back_are_refused()
    {
        foreach (LogEntry[] entries in (LogEntry[][])
        [
            [new(5, 2, EntryKind.Noop, default), new(7, 2, EntryKind.Noop, default)],
            [new(5, 2, EntryKind.Noop, default), new(6, 1, EntryKind.Noop, default)],
        ])
        {
            var bytes = Encode(new AppendRequest(new(1), new(2), 3, 4, 2, 1, entries));
            Assert.Throws<ProtocolException>(() => MessageCodec.Read(FrameType.AppendRequest, bytes));
        }
    }

    [Theory]
    [InlineData(6ul, 3ul, 9ul)]
    [InlineData(5ul, 1ul, 9ul)]
    [InlineData(5ul, 4ul, 9ul)]
    [InlineData(5ul, 3ul, 4ul)]
    public void What_an_observer_can_not_have_been_sent_is_refused(ulong index, ulong term, ulong commit)
    {
        var bytes = Encode(new TailResponse(
            new(1), new(2), 3, new(1), commit, 4, 2, [new(index, term, EntryKind.Noop, default)]));
        Assert.Throws<ProtocolException>(() => MessageCodec.Read(FrameType.TailResponse, bytes));
    }

    private static byte[] Encode(Message message)
    {
        var target = new ByteWriter(16);
        MessageCodec.Write(message, target);
        return target.Written.ToArray();
    }
}
