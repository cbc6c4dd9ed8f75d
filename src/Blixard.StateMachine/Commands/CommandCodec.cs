// The one place of this project, with the snapshots, that may name System.IO: Brotli works from span to span here, and
// what it makes is a pure function of its input. Apply is only ever handed what has come out of Decode.
#pragma warning disable RS0030
using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;

namespace Blixard.StateMachine.Commands;

/// <summary>
/// The bytes of a log entry: one byte of frame, then the protobuf. Frame 0 is plain; frame 1 is followed by the length
/// of the protobuf (u32, little-endian) and the protobuf as one Brotli stream.
/// </summary>
public static class CommandCodec
{
    /// <summary>An entry the log takes (bytes, frame included).</summary>
    public const int MaxEncodedBytes = 3 * 512 * 1024;

    /// <summary>The bound that decompression never passes.</summary>
    public const int MaxDecodedBytes = 8 * 1024 * 1024;

    private const byte PlainFrame = 0;
    private const byte BrotliFrame = 1;
    private const int BrotliHeaderBytes = 5;
    private const int CompressAboveBytes = 4096;

    // Observations are repetitive: the low levels find most of it, and the proposer does not wait.
    private const int BrotliQuality = 3;
    private const int BrotliWindowBits = 20;

    // Unknown fields are dropped on reading, so that DecodeBody can tell that there were some.
    private static readonly MessageParser<Command> Parser = Command.Parser.WithDiscardUnknownFields(true);

    /// <exception cref="CommandTooLargeException">The command does not fit an entry. Split the batch.</exception>
    public static ReadOnlyMemory<byte> Encode(Command command)
    {
        var length = command.CalculateSize();
        if (length > MaxDecodedBytes)
        {
            throw new CommandTooLargeException(command.Kind, length, MaxDecodedBytes);
        }

        var plain = new byte[length + 1];
        plain[0] = PlainFrame;
        command.WriteTo(plain.AsSpan(1));
        var encoded = length > CompressAboveBytes ? Compress(plain) : plain;
        return encoded.Length > MaxEncodedBytes
            ? throw new CommandTooLargeException(command.Kind, encoded.Length, MaxEncodedBytes)
            : encoded;
    }

    /// <exception cref="UndecodableCommandException">
    /// Not one command that this version knows in every part: the node must stop.
    /// </exception>
    public static Command Decode(CommittedCommand entry)
    {
        var frame = entry.Data.Span;
        if (frame.Length > MaxEncodedBytes)
        {
            throw new UndecodableCommandException(
                entry.Index, $"it has {frame.Length} bytes, the most is {MaxEncodedBytes}");
        }

        return frame switch
        {
            [PlainFrame, .. var body] => DecodeBody(body, entry.Index),
            [BrotliFrame, .. { Length: >= BrotliHeaderBytes - 1 } rest] =>
                DecodeBody(Decompress(rest, entry.Index), entry.Index),
            [BrotliFrame, ..] => throw new UndecodableCommandException(entry.Index, "its length is cut off"),
            [] => throw new UndecodableCommandException(entry.Index, "it is empty"),
            [var unknown, ..] => throw new UndecodableCommandException(
                entry.Index, $"frame {unknown} is not known to this version"),
        };
    }

    private static byte[] Compress(byte[] plain)
    {
        var compressed = new byte[plain.Length];
        compressed[0] = BrotliFrame;
        BinaryPrimitives.WriteUInt32LittleEndian(compressed.AsSpan(1), (uint)plain.Length - 1);
        return BrotliEncoder.TryCompress(
            plain.AsSpan(1), compressed.AsSpan(BrotliHeaderBytes), out var written, BrotliQuality, BrotliWindowBits)
            ? compressed[..(BrotliHeaderBytes + written)]
            : plain; // It would not have become smaller.
    }

    private static byte[] Decompress(ReadOnlySpan<byte> rest, ulong index)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (length > MaxDecodedBytes)
        {
            throw new UndecodableCommandException(
                index, $"it says it has {length} bytes decompressed, the most is {MaxDecodedBytes}");
        }

        var body = new byte[length];
        using var decoder = default(BrotliDecoder);
        var source = rest[(BrotliHeaderBytes - 1)..];
        var status = decoder.Decompress(source, body, out var consumed, out var written);
        return status == OperationStatus.Done && consumed == source.Length && written == body.Length
            ? body
            : throw new UndecodableCommandException(
                index, $"decompression ended with {status} after {consumed} of {source.Length} bytes, "
                    + $"giving {written} of {length}");
    }

    private static Command DecodeBody(ReadOnlySpan<byte> body, ulong index)
    {
        Command command;
        try
        {
            command = Parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new UndecodableCommandException(index, e.Message, e);
        }

        if (command.BodyCase == Command.BodyOneofCase.None)
        {
            throw new UndecodableCommandException(index, "its kind is not known to this version");
        }

        // The encoding is canonical, so whatever is missing on the way back was a field this version does not know:
        // applying the rest would mean something else here than where it is known.
        var understood = command.CalculateSize();
        return understood == body.Length
            ? command
            : throw new UndecodableCommandException(
                index,
                $"only {understood} of its {body.Length} bytes are fields of {command.Kind} known to this version");
    }
}
