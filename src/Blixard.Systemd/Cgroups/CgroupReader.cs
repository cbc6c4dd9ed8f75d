namespace Blixard.Systemd.Cgroups;

/// <summary>
/// Reads one control group, again and again, without allocating: handles and the buffer are kept. One thread at a
/// time.
/// </summary>
public sealed class CgroupReader : IDisposable
{
    // io.stat has a line of about 100 bytes per device; the others are far smaller.
    private const int BufferBytes = 16 * 1024;

    // Readings until a file that is not there is looked for again: five minutes at one every 5 s.
    private const int Rest = 60;

    // Scratch space of the thread that reads: one for a thousand readers, empty of meaning between two reads.
    [ThreadStatic]
    private static byte[]? s_buffer;

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly ReadErrors _errors;
    private readonly KernelFile _cpuStat;
    private readonly KernelFile _memoryCurrent;
    private readonly KernelFile _memoryMax;
    private readonly KernelFile _memorySwap;
    private readonly KernelFile _ioStat;
    private readonly KernelFile _pidsCurrent;
    private readonly KernelFile _pidsMax;
    private readonly KernelFile _cpuPressure;
    private readonly KernelFile _memoryPressure;
    private readonly KernelFile _ioPressure;
    private readonly KernelFile[] _files;

    /// <param name="controlGroup">As D-Bus gives it, for example <c>/system.slice/microvm@a.service</c>.</param>
    /// <exception cref="ArgumentException">It is not a control group.</exception>
    public CgroupReader(CgroupRoot root, string controlGroup, TimeProvider time, ReadErrors errors)
    {
        ArgumentNullException.ThrowIfNull(root);
        _directory = root.DirectoryOf(controlGroup);
        _time = time;
        _errors = errors;
        ControlGroup = controlGroup;
        _cpuStat = File("cpu.stat");
        _memoryCurrent = File("memory.current");
        _memoryMax = File("memory.max");
        _memorySwap = File("memory.swap.current");
        _ioStat = File("io.stat");
        _pidsCurrent = File("pids.current");
        _pidsMax = File("pids.max");
        _cpuPressure = File("cpu.pressure");
        _memoryPressure = File("memory.pressure");
        _ioPressure = File("io.pressure");
        _files =
        [
            _cpuStat, _memoryCurrent, _memoryMax, _memorySwap, _ioStat, _pidsCurrent, _pidsMax, _cpuPressure,
            _memoryPressure, _ioPressure,
        ];
    }

    private delegate bool Parse<T>(ReadOnlySpan<byte> content, out T value);

    public string ControlGroup { get; }

    /// <summary>What the kernel says now; null if there is no such cgroup (any more).</summary>
    public CgroupSample? Read()
    {
        // Every cgroup has cpu.stat, the root one included: without it the directory decides.
        var timestamp = _time.GetTimestamp();
        var cpu = Value<CpuUsage>(_cpuStat, StatParser.TryCpu);
        if (cpu is null && !Directory.Exists(_directory))
        {
            // What comes in its place may have other controllers.
            foreach (var file in _files)
            {
                file.LookAgain();
            }

            return null;
        }

        return new(
            timestamp,
            cpu,
            Value<ulong>(_memoryCurrent, StatParser.TryNumber),
            Limit(_memoryMax),
            Value<ulong>(_memorySwap, StatParser.TryNumber),
            Value<IoUsage>(_ioStat, StatParser.TryIo),
            Value<ulong>(_pidsCurrent, StatParser.TryNumber),
            Limit(_pidsMax),
            Value<Pressure>(_cpuPressure, StatParser.TryPressure),
            Value<Pressure>(_memoryPressure, StatParser.TryPressure),
            Value<Pressure>(_ioPressure, StatParser.TryPressure));
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    private KernelFile File(string name) => new(Path.Combine(_directory, name), Rest);

    private ulong? Limit(KernelFile file) =>
        Value<ulong>(file, StatParser.TryLimit) is { } value and not StatParser.NoLimit ? value : null;

    private T? Value<T>(KernelFile file, Parse<T> parse)
        where T : struct
    {
        var buffer = s_buffer ??= new byte[BufferBytes];
        var length = file.Read(buffer);
        if (length < 0)
        {
            return null;
        }

        // A full buffer may have cut a number: what is not whole is not a value.
        if (length < buffer.Length && parse(buffer.AsSpan(0, length), out var value))
        {
            return value;
        }

        _errors.Add(file.Path);
        return null;
    }
}
