using System.Buffers.Text;
using System.Net;
using System.Text;

namespace Blixard.Bench.Load;

/// <summary>HTTP/1.1 with keep-alive (RFC 9112): one slot, answers with a length or in chunks.</summary>
internal sealed class HttpWire(IPEndPoint endPoint) : Wire(endPoint)
{
    private static readonly byte[] Newline = "\r\n"u8.ToArray();

    /// <summary>
    /// Called with each line of an answer that is a stream and never ends. Null: whole answers are counted.
    /// </summary>
    public Action<ReadOnlySpan<byte>>? StreamsLines { get; set; }

    public static Request Get(string path) => Make("GET", path, []);

    public static Request Put(string path, ReadOnlySpan<byte> body) => Make("PUT", path, body);

    public override void Begin(int slot, Request request) => request.Bytes.CopyTo(Take(request.Bytes.Length));

    protected override int Parse(ReadOnlySpan<byte> received)
    {
        var used = 0;
        if (StreamsLines is { } told)
        {
            // Chunk sizes stand on lines of their own, and are none of the lines that anybody looks for.
            while (received[used..].IndexOf((byte)'\n') is var end and >= 0)
            {
                told(received.Slice(used, end));
                used += end + 1;
            }

            return used;
        }

        while (ParseOne(received[used..]) is var (length, ok))
        {
            used += length;
            Answered(this, 0, ok);
        }

        return used;
    }

    private (int Length, bool Ok)? ParseOne(ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = received[..end];
        if (head.Length < 12 || !Utf8Parser.TryParse(head[9..12], out int status, out _))
        {
            Broken();
            return null;
        }

        var ok = status is >= 200 and < 300;
        var body = received[(end + 4)..];
        if (head.IndexOf("Transfer-Encoding: chunked"u8) >= 0)
        {
            return Chunked(body) is { } chunked ? (end + 4 + chunked, ok) : null;
        }

        var length = LengthOf(head);
        return length <= body.Length ? (end + 4 + length, ok) : null;
    }

    private static int LengthOf(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _) ? length : 0;
    }

    /// <summary>The bytes of a whole chunked body; null while it is not whole.</summary>
    private static int? Chunked(ReadOnlySpan<byte> body)
    {
        var at = 0;
        while (true)
        {
            var line = body[at..].IndexOf(Newline);
            if (line < 0 || !Utf8Parser.TryParse(body.Slice(at, line), out int size, out _, 'x'))
            {
                return null;
            }

            at += line + Newline.Length + size + Newline.Length;
            if (at > body.Length)
            {
                return null;
            }

            if (size == 0)
            {
                return at;
            }
        }
    }

    private static Request Make(string method, string path, ReadOnlySpan<byte> body)
    {
        var length = method == "PUT" ? $"Content-Length: {body.Length}\r\n" : "";
        var head = Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: bench\r\n{length}\r\n");
        return new(path, [.. head, .. body]);
    }
}
