using FASTER.core;

namespace Blixard.Node.History;

/// <summary>
/// A FasterLog in a directory of its own. Its exceptions are of many kinds; here they become two: the disk does not take
/// what is written, or what is there is damaged.
/// </summary>
internal sealed class FasterHistoryLog : IHistoryLog
{
    /// <summary>A record must fit into a page; of four of them is the log's memory.</summary>
    private const int PageBits = 20;
    private const int MemoryBits = PageBits + 2;

    /// <summary>Of a file: what truncation gives back is whole files.</summary>
    private const int SegmentBits = 22;

    public const int SegmentBytes = 1 << SegmentBits;
    public const int MaxRecordBytes = (1 << PageBits) / 2;

    private const string FileName = "samples.log";

    private readonly string _directory;
    private readonly IDevice _device;
    private readonly FasterLog _log;

    private FasterHistoryLog(string directory, IDevice device, FasterLog log) =>
        (_directory, _device, _log) = (directory, device, log);

    public long Begin => _log.BeginAddress;

    public long Tail => _log.TailAddress;

    /// <exception cref="HistoryDamagedException">What is there can't be recovered.</exception>
    /// <exception cref="IOException">The directory can't be used.</exception>
    public static FasterHistoryLog Open(string directory)
    {
        IDevice? device = null;
        try
        {
            Directory.CreateDirectory(directory);
            var hadFiles = Directory.EnumerateFiles(directory).Any(file => new FileInfo(file).Length > 0);
            device = Devices.CreateLogDevice(
                Path.Combine(directory, FileName), preallocateFile: false, deleteOnClose: false, recoverDevice: true);
            var log = new FasterLog(new FasterLogSettings
            {
                LogDevice = device,
                LogCommitDir = directory,
                PageSizeBits = PageBits,
                MemorySizeBits = MemoryBits,
                SegmentSizeBits = SegmentBits,
                LogChecksum = LogChecksumType.PerEntry,
                RemoveOutdatedCommits = true,
                AutoRefreshSafeTailAddress = true,
            });
            if (hadFiles && log.TailAddress == log.BeginAddress)
            {
                // Files without a commit that vouches for them: FasterLog would begin at their start and write over them.
                log.Dispose();
                throw new HistoryDamagedException("there are samples, and no commit that can be read says how many");
            }

            return new(directory, device, log);
        }
        catch (Exception e) when (Turn(e) is { } turned)
        {
            device?.Dispose();
            throw turned;
        }
        catch
        {
            device?.Dispose();
            throw;
        }
    }

    public long Append(ReadOnlySpan<byte> record)
    {
        try
        {
            // Not Enqueue: it would spin for as long as a page can't be written.
            for (var tries = 0; tries < 1000; tries++)
            {
                if (_log.TryEnqueue(record, out var address))
                {
                    return address;
                }

                Thread.Sleep(1);
            }
        }
        catch (Exception e) when (e is not (IOException or FasterException) && Turn(e) is { } turned)
        {
            // Not the disk's word: damage in what it gave when the log was opened has led the log astray.
            throw turned;
        }
        catch (Exception e) when (e is not IOException)
        {
            throw new IOException($"the samples can't be written: {e.Message}", e);
        }

        throw new IOException("the disk has not taken the samples for a second");
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _log.CommitAsync(cancellationToken);
            DeleteBefore(_log.CommittedBeginAddress);
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException))
        {
            throw new IOException($"the samples can't be written: {e.Message}", e);
        }
    }

    // The page's start, which is always the start of a record. The files go with the next commit: until it says so, a
    // start would look for them.
    public void Truncate(long begin) => _log.TruncateUntilPageStart(begin);

    public async Task<ReadOnlyMemory<byte>> ReadAsync(long begin, long end, CancellationToken cancellationToken)
    {
        try
        {
            // A scan would read two pages of a MiB for it. What is not on the disk yet is in memory, and scanned there.
            var (record, length) = await _log.ReadAsync(begin, (int)(end - begin), cancellationToken);
            if (record is not null)
            {
                return record.AsMemory(0, length);
            }
        }
        catch (Exception e) when (Turn(e) is { } turned)
        {
            throw turned;
        }

        foreach (var (record, _, _) in Read(begin, end))
        {
            return record;
        }

        throw new HistoryDamagedException($"there is no record at {begin}");
    }

    public IEnumerable<(ReadOnlyMemory<byte> Record, long Begin, long End)> Read(long begin, long end)
    {
        using var records = Guard(() => _log.Scan(
            Math.Max(begin, _log.BeginAddress), Math.Min(end, _log.TailAddress), recover: false, scanUncommitted: true));
        while (true)
        {
            var (found, record, address, next) = Guard(() =>
            {
                var any = records.GetNext(out var bytes, out var length, out var at, out var after);
                return (any, any ? bytes.AsMemory(0, length) : default, at, after);
            });
            if (!found)
            {
                yield break;
            }

            yield return (record, address, next);
        }
    }

    public void Dispose()
    {
        _log.Dispose();
        _device.Dispose();
    }

    private void DeleteBefore(long begin)
    {
        foreach (var file in Directory.EnumerateFiles(_directory, FileName + ".*"))
        {
            if (int.TryParse(Path.GetExtension(file).AsSpan(1), out var segment) && segment < begin >> SegmentBits)
            {
                File.Delete(file);
            }
        }
    }

    private static T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (Turn(e) is { } turned)
        {
            throw turned;
        }
    }

    private static HistoryDamagedException? Turn(Exception e) =>
        e is FasterException or ArgumentException or InvalidOperationException or OverflowException
            or IndexOutOfRangeException or NullReferenceException or EndOfStreamException
            ? new HistoryDamagedException(e.Message.TrimEnd('.'), e)
            : null;
}
