namespace Blixard.Raft.Storage;

internal enum FrameStatus
{
    Complete,

    /// <summary>At least one sector was never written: its sync did not return.</summary>
    Torn,

    /// <summary>Not even its first sector was written.</summary>
    Absent,

    Damaged,
}

/// <param name="Payload">Of a complete frame.</param>
/// <param name="Problem">Of a damaged one: what should have been at <paramref name="BadSector"/>.</param>
internal readonly record struct FrameRead(
    FrameStatus Status,
    FrameHeader Header,
    ulong Batch,
    byte[] Payload,
    long EndSector,
    uint Digest,
    long BadSector,
    string Problem);

/// <summary>Reads the frames of one segment, through a window of the file.</summary>
internal sealed class WalSegmentReader(IFile file, uint incarnation, ReadWindow window)
{
    private readonly long _sectors = file.Length / WalSector.Size;

    /// <summary>Reads the frame that begins at a sector.</summary>
    /// <param name="batch">The batch it must belong to; null: whatever it says.</param>
    public FrameRead ReadFrame(long sector, FrameKind kind, ulong? batch)
    {
        if (sector >= _sectors)
        {
            return new(FrameStatus.Absent, default, 0, [], sector, 0, 0, "");
        }

        var first = Sector(sector);
        switch (WalSector.Classify(first, sector, incarnation, out var found))
        {
            case SectorKind.Unwritten:
                return new(FrameStatus.Absent, default, 0, [], sector, 0, 0, "");
            case SectorKind.Damaged:
                return Damaged(
                    sector,
                    batch is { } due ? $"the first sector of batch {due}, intact" : "the first sector, intact");
        }

        if (FrameHeader.VersionOf(first) is { } version && version != FrameHeader.Version)
        {
            throw new StorageVersionException(
                $"{file.Path} is of format version {version}; this node reads and writes version {FrameHeader.Version}");
        }

        if (batch is { } expected && found.Batch != expected)
        {
            return Damaged(sector, $"batch {expected}, not {found.Batch}");
        }

        if (FrameHeader.TryRead(first[WalSector.PrefixBytes..], kind, out var header) is { } problem)
        {
            return Damaged(sector, problem);
        }

        if (header.DurableUpTo != found.Batch - 1)
        {
            return Damaged(
                sector, $"batch {found.Batch} written when {found.Batch - 1} was durable, not {header.DurableUpTo}");
        }

        var sectors = FrameHeader.SectorsFor(header.Length);
        if (found.Number != 0 || found.Count != sectors)
        {
            return Damaged(sector, $"sector 0 of {sectors}, not {found.Number} of {found.Count}");
        }

        return sector + sectors > _sectors
            ? Damaged(sector, $"a batch that ends within its segment, not one of {header.Length} bytes")
            : ReadBody(sector, sector + sectors, header, found);
    }

    /// <summary>The batches that the intact sectors from here on belong to; (0, 0) if there are none.</summary>
    public (ulong Lowest, ulong Highest) Batches(long fromSector)
    {
        ulong lowest = 0;
        ulong highest = 0;
        for (var sector = fromSector; sector < _sectors; sector++)
        {
            if (WalSector.Classify(Sector(sector), sector, incarnation, out var stamp) == SectorKind.Written)
            {
                lowest = lowest == 0 ? stamp.Batch : Math.Min(lowest, stamp.Batch);
                highest = Math.Max(highest, stamp.Batch);
            }
        }

        return (lowest, highest);
    }

    /// <summary>Sectors of the file.</summary>
    public long Sectors => _sectors;

    public SectorKind Classify(long sector, out SectorStamp stamp) =>
        WalSector.Classify(Sector(sector), sector, incarnation, out stamp);

    private FrameRead ReadBody(long sector, long end, FrameHeader header, SectorStamp first)
    {
        var payload = GC.AllocateUninitializedArray<byte>(header.Length);
        var filled = 0;
        var skip = WalSector.PrefixBytes + FrameHeader.Bytes;
        uint digest = 0;
        var torn = false;
        long? damaged = null;
        for (var number = sector; number < end; number++)
        {
            var bytes = Sector(number);
            var kind = WalSector.Classify(bytes, number, incarnation, out var found);
            if (kind == SectorKind.Unwritten)
            {
                torn = true;
            }
            else if (kind == SectorKind.Damaged || found != first with { Number = (uint)(number - sector) })
            {
                damaged ??= number;
            }

            digest = Crc32C.Append(digest, bytes[..sizeof(uint)]);
            var part = bytes[skip..];
            part = part[..Math.Min(part.Length, payload.Length - filled)];
            part.CopyTo(payload.AsSpan(filled));
            filled += part.Length;
            skip = WalSector.PrefixBytes;
        }

        // A sector that was never written proves that the sync of this batch never returned, whatever else is wrong.
        return torn ? new(FrameStatus.Torn, header, first.Batch, [], end, 0, 0, "")
            : damaged is { } bad ? Damaged(bad, $"a sector of batch {first.Batch}, intact")
            : new(FrameStatus.Complete, header, first.Batch, payload, end, digest, 0, "");
    }

    private ReadOnlySpan<byte> Sector(long number) => window.Read(file, number * WalSector.Size, WalSector.Size);

    private static FrameRead Damaged(long sector, string problem) =>
        new(FrameStatus.Damaged, default, 0, [], sector, 0, sector, problem);
}

/// <summary>
/// One buffer through which several files are read, mostly forwards. A sector that the disk can't give (EIO) reads as
/// one that is damaged: what it held is lost either way, and the rest of the log is not.
/// </summary>
internal sealed class ReadWindow
{
    private const int MaxBytes = 1 << 20;

    // No sector of a log: its checksum is wrong, and it is not empty.
    private static readonly byte[] s_unreadable = Filled();

    private byte[] _buffer = [];
    private IFile? _file;
    private long _start;
    private int _length;

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Read(IFile file, long offset, int count)
    {
        if (_file != file || offset < _start || offset + count > _start + _length)
        {
            var wanted = (int)Math.Min(MaxBytes, file.Length);
            if (_buffer.Length < wanted)
            {
                _buffer = GC.AllocateUninitializedArray<byte>(wanted);
            }

            try
            {
                (_file, _start, _length) = (file, offset, file.Read(offset, _buffer));
            }
            catch (IOException)
            {
                return ReadAlone(file, offset, count);
            }

            if (_length < count)
            {
                throw new IOException($"{file.Path} became shorter while it was read");
            }
        }

        return _buffer.AsSpan((int)(offset - _start), count);
    }

    /// <summary>Somewhere in what was to be read ahead is a sector that can't be read: perhaps not the first.</summary>
    private ReadOnlySpan<byte> ReadAlone(IFile file, long offset, int count)
    {
        (_file, _start, _length) = (file, offset, 0);
        try
        {
            _length = file.Read(offset, _buffer.AsSpan(0, count));
        }
        catch (IOException)
        {
            return s_unreadable.AsSpan(0, count);
        }

        return _length == count
            ? _buffer.AsSpan(0, count)
            : throw new IOException($"{file.Path} became shorter while it was read");
    }

    private static byte[] Filled()
    {
        var bytes = new byte[WalSector.Size];
        bytes.AsSpan().Fill(0xEE);
        return bytes;
    }
}
