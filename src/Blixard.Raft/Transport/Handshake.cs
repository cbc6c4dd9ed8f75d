using System.Text;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

internal enum ConnectionPurpose : byte
{
    Messages = 1,
    Snapshot = 2,

    /// <summary>Messages of a member that says it has never taken part in this cluster before.</summary>
    MessagesOfNew = 3,
}

/// <summary>
/// The first words on a connection. A member talks only to the member it means, of its own cluster: an address that
/// now belongs to another host must not let two clusters, or two lives of one host, be taken for each other.
/// <code>
/// hello   = u8 min version, u8 max version, u8 purpose, u64 from, u64 to, u16 port, u8 length of host, host (UTF-8)
/// welcome = u8 version
/// refusal = UTF-8 text; removed = UTF-8 text; known = UTF-8 text
/// </code>
/// The cluster id stands in the frame's header. Host and port are where whoever dials listens itself, so that a member
/// that was told of one other can be reached by all; port 0 with an empty host: it does not say.
/// </summary>
internal static class Handshake
{
    /// <summary>
    /// Versions of the protocol: of the greeting, the messages and the snapshot stream. Version 1, spoken before the
    /// first release, knew no address in the greeting.
    /// </summary>
    public const byte MinVersion = 2;

    /// <inheritdoc cref="MinVersion"/>
    public const byte MaxVersion = 2;

    private const int MaxReasonBytes = 512;

    /// <summary>Says who dials, from where, and whom it means, and waits to be welcome.</summary>
    /// <exception cref="ProtocolException">It is not, or the other side does not speak this protocol.</exception>
    public static async Task GreetAsync(
        Stream stream, FrameReader reader, ulong cluster, Greeting greeting, CancellationToken cancellationToken)
    {
        var hello = new ByteWriter(128);
        var start = Frame.Begin(hello, FrameType.Hello, cluster);
        Write(greeting, hello);
        Frame.End(hello, start);
        await stream.WriteAsync(hello.Written, cancellationToken);
        switch (await reader.ReadAsync(cancellationToken))
        {
            case (FrameType.Welcome, var body):
                ReadWelcome(body.Span);
                return;
            case (FrameType.Refusal, var body):
                throw new ProtocolException($"refused: {Encoding.UTF8.GetString(body.Span)}");
            case (FrameType.Removed, var body):
                throw new MemberRemovedException($"refused: {Encoding.UTF8.GetString(body.Span)}");
            case (FrameType.Known, var body):
                throw new MemberKnownException($"refused: {Encoding.UTF8.GetString(body.Span)}");
            case null:
                throw new ProtocolException("the connection was closed without an answer");
            case var (type, _):
                throw new ProtocolException($"answered with frame type {(byte)type}");
        }
    }

    /// <summary>
    /// Reads the greeting of whoever dialled, and welcomes it or says why not. Any member of this cluster is welcome,
    /// also one that this member has not heard of yet, but not one that was removed, nor one that calls itself new and
    /// is not.
    /// </summary>
    /// <exception cref="ProtocolException">It is not welcome.</exception>
    public static async Task<Greeting> WelcomeAsync(
        Stream stream,
        FrameReader reader,
        ulong cluster,
        MemberId self,
        Func<MemberId, bool> isRemoved,
        Func<MemberId, bool> hasTakenPart,
        CancellationToken cancellationToken)
    {
        try
        {
            var hello = await reader.ReadAsync(cancellationToken)
                ?? throw new ProtocolException("closed without a word");
            var greeting = Read(hello.Type, hello.Body.Span, self, isRemoved);
            if (greeting.Purpose == ConnectionPurpose.MessagesOfNew && hasTakenPart(greeting.From))
            {
                throw new MemberKnownException(
                    $"member {greeting.From} says that it is new, and has taken part in this cluster before: its disk is "
                    + "lost. Remove it, and let it join as a new member with an empty disk");
            }

            await stream.WriteAsync(Single(FrameType.Welcome, cluster, [MaxVersion]), cancellationToken);
            return greeting;
        }
        catch (ProtocolException e)
        {
            // Whoever speaks the protocol learns why; what others make of it is their business.
            var reason = Encoding.UTF8.GetBytes(e.Message);
            await stream.WriteAsync(
                Single(
                    e switch
                    {
                        MemberRemovedException => FrameType.Removed,
                        MemberKnownException => FrameType.Known,
                        _ => FrameType.Refusal,
                    },
                    cluster,
                    reason.AsSpan(0, Math.Min(reason.Length, MaxReasonBytes))),
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

    /// <summary>What may be dialled and logged: nothing but what a name or an address is made of.</summary>
    public static bool IsHost(ReadOnlySpan<byte> host)
    {
        foreach (var c in host)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && !"-._:%".Contains((char)c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return host.Length <= byte.MaxValue;
    }

    internal static void Write(Greeting greeting, ByteWriter target)
    {
        var host = Encoding.UTF8.GetBytes(greeting.Host);
        target.U8(MinVersion);
        target.U8(MaxVersion);
        target.U8((byte)greeting.Purpose);
        target.U64(greeting.From.Value);
        target.U64(greeting.To.Value);
        target.U16((ushort)greeting.Port);
        target.U8((byte)host.Length);
        target.Bytes(host);
    }

    private static Greeting Read(
        FrameType type, ReadOnlySpan<byte> body, MemberId self, Func<MemberId, bool> isRemoved)
    {
        if (type != FrameType.Hello)
        {
            throw new ProtocolException($"the first frame is of type {(byte)type}, not a greeting");
        }

        // The versions come first and decide before anything else is read: the rest may be laid out otherwise.
        var source = new ByteReader(body);
        var (min, max) = (source.U8(), source.U8());
        if (min > MaxVersion || max < MinVersion)
        {
            throw new ProtocolException(
                $"it speaks versions {min} to {max} of the protocol, this member {MinVersion} to {MaxVersion}");
        }

        var purpose = (ConnectionPurpose)source.U8();
        var (from, to) = (new MemberId(source.U64()), new MemberId(source.U64()));
        int port = source.U16();
        var host = ReadHost(source.Bytes(source.U8()), port);
        source.End();
        if (!Enum.IsDefined(purpose))
        {
            throw new ProtocolException($"purpose {(byte)purpose} is not known");
        }

        if (to != self)
        {
            throw new ProtocolException($"it looks for member {to}; this is {self}");
        }

        if (from == self)
        {
            throw new ProtocolException(
                $"it says that it is member {self}, which is this one: two hosts have one identity");
        }

        if (from.IsNone)
        {
            throw new ProtocolException("it does not say which member it is");
        }

        return isRemoved(from)
            ? throw new MemberRemovedException(
                $"member {from} was removed from this cluster; to come back, join as a new member with an empty disk")
            : new(from, to, purpose, host, port);
    }

    private static string ReadHost(ReadOnlySpan<byte> bytes, int port)
    {
        if (!IsHost(bytes))
        {
            throw new ProtocolException($"its address is not one: {Convert.ToHexString(bytes)}");
        }

        return bytes.IsEmpty == (port == 0)
            ? Encoding.ASCII.GetString(bytes)
            : throw new ProtocolException("it names a host without a port, or a port without a host");
    }

    private static void ReadWelcome(ReadOnlySpan<byte> body)
    {
        var source = new ByteReader(body);
        var version = source.U8();
        source.End();
        if (version is < MinVersion or > MaxVersion)
        {
            throw new ProtocolException($"it chose version {version}");
        }
    }
}

/// <summary>What whoever dials says first.</summary>
/// <param name="Host">Where it listens itself; empty: it does not say.</param>
/// <param name="Port">1 to 65535; 0: it does not say.</param>
internal sealed record Greeting(MemberId From, MemberId To, ConnectionPurpose Purpose, string Host, int Port);
