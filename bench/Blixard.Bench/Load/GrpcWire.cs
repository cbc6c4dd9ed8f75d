using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Blixard.Bench.Load;

/// <summary>
/// gRPC over HTTP/2 without TLS (RFC 9113): as little as a server of etcd's needs to see, and nothing that would slow it
/// down. Header fields are indexed after the first request (RFC 7541), as real clients do.
/// </summary>
internal sealed class GrpcWire : Wire
{
    private const int FrameHeader = 9;
    private const int MessageHeader = 5;

    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;

    private const byte EndStream = 1;
    private const byte Acknowledge = 1;
    private const byte EndHeaders = 4;

    private const uint Window = 1 << 30;

    private readonly Dictionary<uint, Call> _calls = [];
    private uint _stream = 1;
    private long _mayStillSend = 65_535;
    private bool _indexed;

    public GrpcWire(IPEndPoint endPoint)
        : base(endPoint)
    {
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.CopyTo(Take(24));

        // INITIAL_WINDOW_SIZE (4): whatever comes in one run fits, so that no update has to be sent.
        var settings = Frame(6, Settings, 0, 0);
        BinaryPrimitives.WriteUInt16BigEndian(settings, 4);
        BinaryPrimitives.WriteUInt32BigEndian(settings[2..], Window);
        BinaryPrimitives.WriteUInt32BigEndian(Frame(4, WindowUpdate, 0, 0), Window);
        Flush();
    }

    /// <summary>Called with each message, before <see cref="Wire.Answered"/>; for streams, and for tests of an answer.</summary>
    public Action<ReadOnlySpan<byte>>? Message { get; set; }

    /// <summary>Leaves the call open: more messages come until the connection is closed.</summary>
    public void BeginStream(Request request) => Begin(0, request, endsStream: false);

    public override void Begin(int slot, Request request) => Begin(slot, request, endsStream: true);

    protected override int Parse(ReadOnlySpan<byte> received)
    {
        var used = 0;
        while (received.Length - used >= FrameHeader)
        {
            var header = received.Slice(used, FrameHeader);
            var length = (header[0] << 16) | (header[1] << 8) | header[2];
            if (received.Length - used < FrameHeader + length)
            {
                break;
            }

            var stream = BinaryPrimitives.ReadUInt32BigEndian(header[5..]) & 0x7fff_ffff;
            Handle(header[3], header[4], stream, received.Slice(used + FrameHeader, length));
            used += FrameHeader + length;
        }

        return used;
    }

    private void Begin(int slot, Request request, bool endsStream)
    {
        var length = MessageHeader + request.Bytes.Length;
        _mayStillSend -= length;
        if (_mayStillSend < 0)
        {
            throw new InvalidOperationException("more requests on one connection than HTTP/2's window has room for");
        }

        var stream = _stream;
        _stream += 2;
        _calls.Add(stream, new(slot));
        var block = HeaderBlock(request.Path);
        block.CopyTo(Frame(block.Length, Headers, EndHeaders, stream));
        var data = Frame(length, Data, endsStream ? EndStream : (byte)0, stream);
        data[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(data[1..], (uint)request.Bytes.Length);
        request.Bytes.CopyTo(data[MessageHeader..]);
    }

    private void Handle(byte type, byte flags, uint stream, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case Data:
                if (_calls.TryGetValue(stream, out var call))
                {
                    call.Answered |= payload.Length >= MessageHeader;
                    Message?.Invoke(payload.Length >= MessageHeader ? payload[MessageHeader..] : payload);
                }

                End(stream, flags);
                break;
            case Headers:
                // An error comes as trailers alone: no message, not done. The text of it is of no use to the load.
                End(stream, flags);
                break;
            case Reset:
                End(stream, EndStream);
                break;
            case Settings when (flags & Acknowledge) == 0:
                Frame(0, Settings, Acknowledge, 0);
                break;
            case Ping when (flags & Acknowledge) == 0:
                payload.CopyTo(Frame(8, Ping, Acknowledge, 0));
                break;
            case WindowUpdate when stream == 0:
                _mayStillSend += BinaryPrimitives.ReadUInt32BigEndian(payload);
                break;
            case GoAway:
                Broken();
                break;
        }
    }

    private void End(uint stream, byte flags)
    {
        if ((flags & EndStream) != 0 && _calls.Remove(stream, out var call))
        {
            Answered(this, call.Slot, call.Answered);
        }
    }

    private byte[] HeaderBlock(string path)
    {
        if (_indexed)
        {
            // POST, http, and what the first request put into the table: te is its newest, the path its oldest.
            return [0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe];
        }

        _indexed = true;
        return
        [
            0x83, 0x86,
            0x44, .. Text(path),
            0x41, .. Text(EndPoint.ToString()),
            0x5f, .. Text("application/grpc"),
            0x40, .. Text("te"), .. Text("trailers"),
        ];
    }

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private Span<byte> Frame(int length, byte type, byte flags, uint stream)
    {
        var frame = Take(FrameHeader + length);
        frame[0] = (byte)(length >> 16);
        frame[1] = (byte)(length >> 8);
        frame[2] = (byte)length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(frame[5..], stream);
        return frame[FrameHeader..];
    }

    private sealed class Call(int slot)
    {
        public int Slot { get; } = slot;

        public bool Answered { get; set; }
    }
}
