namespace Blixard.Raft.Transport;

/// <summary>
/// Takes frames out of a stream, many from one read. The body is valid until the next call. One thread at a time.
/// </summary>
internal sealed class FrameReader(Stream stream, ulong cluster)
{
    private const int InitialBytes = 64 << 10;

    private byte[] _buffer = new byte[InitialBytes];
    private int _start;
    private int _end;

    /// <summary>Null at the end of the stream, between two frames.</summary>
    /// <exception cref="ProtocolException">What came is not a frame of this cluster.</exception>
    /// <exception cref="EndOfStreamException">The stream ended within a frame.</exception>
    public async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Body)?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(Frame.HeaderBytes, cancellationToken))
        {
            return null;
        }

        var (type, length) = Frame.ReadHeader(_buffer.AsSpan(_start), cluster);
        if (!await FillAsync(Frame.HeaderBytes + length, cancellationToken))
        {
            throw new EndOfStreamException("the connection ended within a frame");
        }

        var body = _buffer.AsMemory(_start + Frame.HeaderBytes, length);
        Frame.Verify(_buffer.AsSpan(_start, Frame.HeaderBytes), body.Span);
        _start += Frame.HeaderBytes + length;
        return (type, body);
    }

    private async ValueTask<bool> FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (_buffer.Length - _start < needed)
        {
            var target = _buffer.Length >= needed ? _buffer : new byte[Math.Max(needed, _buffer.Length * 2)];
            _buffer.AsSpan(_start, _end - _start).CopyTo(target);
            (_buffer, _end, _start) = (target, _end - _start, 0);
        }

        while (_end - _start < needed)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return _end == _start && needed == Frame.HeaderBytes
                    ? false
                    : throw new EndOfStreamException("the connection ended within a frame");
            }

            _end += read;
        }

        return true;
    }
}
