using System.Text;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

internal enum ConnectionPurpose : byte
{
    Messages = 1,
    Snapshot = 2,
}

/// <summary>
/// The first words on a connection. A member talks only to the member it means, of its own cluster: an address that
/// now belongs to another host must not let two clusters, or two lives of one host, be taken for each other.
/// <code>
/// hello   = u8 min version, u8 max version, u8 purpose, u64 from, u64 to
/// welcome = u8 version
/// refusal = UTF-8 text
/// </code>
/// The cluster id stands in the frame's header.
/// </summary>
internal static class Handshake
{
    private const byte MinVersion = Frame.Version;
    private const int MaxReasonBytes = 512;

    /// <summary>Says who dials and whom it means, and waits to be welcome.</summary>
    /// <exception cref="ProtocolException">It is not, or the other side does not speak this protocol.</exception>
    public static async Task GreetAsync(
        Stream stream,
        FrameReader reader,
        ulong cluster,
        MemberId self,
        MemberId peer,
        ConnectionPurpose purpose,
        CancellationToken cancellationToken)
    {
        var hello = new ByteWriter(64);
        var start = Frame.Begin(hello, FrameType.Hello, cluster);
        hello.U8(MinVersion);
        hello.U8(Frame.Version);
        hello.U8((byte)purpose);
        hello.U64(self.Value);
        hello.U64(peer.Value);
        Frame.End(hello, start);
        await stream.WriteAsync(hello.Written, cancellationToken);
        switch (await reader.ReadAsync(cancellationToken))
        {
            case (FrameType.Welcome, var body):
                ReadWelcome(body.Span);
                return;
            case (FrameType.Refusal, var body):
                throw new ProtocolException($"refused: {Encoding.UTF8.GetString(body.Span)}");
            case null:
                throw new ProtocolException("the connection was closed without an answer");
            case var (type, _):
                throw new ProtocolException($"answered with frame type {(byte)type}");
        }
    }

    /// <summary>Reads the greeting of whoever dialled, and welcomes it or says why not.</summary>
    /// <exception cref="ProtocolException">It is not welcome.</exception>
    public static async Task<(MemberId Peer, ConnectionPurpose Purpose)> WelcomeAsync(
        Stream stream,
        FrameReader reader,
        ulong cluster,
        MemberId self,
        Func<MemberId, bool> isMember,
        CancellationToken cancellationToken)
    {
        try
        {
            var hello = await reader.ReadAsync(cancellationToken)
                ?? throw new ProtocolException("closed without a word");
            var (peer, purpose) = ReadHello(hello.Type, hello.Body.Span, self, isMember);
            await stream.WriteAsync(Single(FrameType.Welcome, cluster, [Frame.Version]), cancellationToken);
            return (peer, purpose);
        }
        catch (ProtocolException e)
        {
            // Whoever speaks the protocol learns why; what others make of it is their business.
            var reason = Encoding.UTF8.GetBytes(e.Message);
            await stream.WriteAsync(
                Single(FrameType.Refusal, cluster, reason.AsSpan(0, Math.Min(reason.Length, MaxReasonBytes))),
                cancellationToken);
            throw;
        }
    }

    /// <summary>A whole frame.</summary>
    public static ReadOnlyMemory<byte> Single(FrameType type, ulong cluster, ReadOnlySpan<byte> body)
    {
        var target = new ByteWriter(Frame.HeaderBytes + body.Length);
        var start = Frame.Begin(target, type, cluster);
        target.Bytes(body);
        Frame.End(target, start);
        return target.Written;
    }

    private static (MemberId Peer, ConnectionPurpose Purpose) ReadHello(
        FrameType type, ReadOnlySpan<byte> body, MemberId self, Func<MemberId, bool> isMember)
    {
        if (type != FrameType.Hello)
        {
            throw new ProtocolException($"the first frame is of type {(byte)type}, not a greeting");
        }

        var source = new ByteReader(body);
        var (min, max) = (source.U8(), source.U8());
        var purpose = (ConnectionPurpose)source.U8();
        var (from, to) = (new MemberId(source.U64()), new MemberId(source.U64()));
        source.End();
        if (min > Frame.Version || max < MinVersion)
        {
            throw new ProtocolException(
                $"it speaks versions {min} to {max}, this member {MinVersion} to {Frame.Version}");
        }

        if (!Enum.IsDefined(purpose))
        {
            throw new ProtocolException($"purpose {(byte)purpose} is not known");
        }

        if (to != self)
        {
            throw new ProtocolException($"it looks for member {to}; this is {self}");
        }

        return isMember(from)
            ? (from, purpose)
            : throw new ProtocolException($"member {from} is not in this cluster's list of peers");
    }

    private static void ReadWelcome(ReadOnlySpan<byte> body)
    {
        var source = new ByteReader(body);
        var version = source.U8();
        source.End();
        if (version is < MinVersion or > Frame.Version)
        {
            throw new ProtocolException($"it chose version {version}");
        }
    }
}
