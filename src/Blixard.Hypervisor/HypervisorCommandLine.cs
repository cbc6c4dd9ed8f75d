using System.Buffers;
using System.Globalization;
using System.Text;

namespace Blixard.Hypervisor;

/// <summary>
/// What the command line of a hypervisor's process says: where it is asked, and, where it can't be, how large its guest
/// is. Null is "it does not say".
/// </summary>
/// <param name="Hypervisor">As microvm.nix calls it: what was known, else what the options give away.</param>
/// <param name="ControlSocket">As written: relative to the process's working directory, usually.</param>
/// <param name="MemoryBytes">At the start of the guest.</param>
public sealed record HypervisorCommandLine(
    string? Hypervisor, string? ControlSocket, ulong? MemoryBytes, int? Vcpus)
{
    // A QEMU of many devices has some 10 KiB; what is longer is cut, and the options wanted stand early.
    private const int MaxBytes = 256 * 1024;

    private const ulong Mebi = 1 << 20;

    /// <summary>Reads the command line of a process (proc_pid_cmdline(5)).</summary>
    /// <param name="hypervisor">What is known of it already; null: nothing.</param>
    /// <returns>Null if the process is gone, or may not be looked at.</returns>
    public static HypervisorCommandLine? Read(int pid, string? hypervisor, string procRoot = "/proc")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, 1);
        try
        {
            var path = Path.Combine(procRoot, pid.ToString(CultureInfo.InvariantCulture), "cmdline");
            using var file = File.OpenRead(path);
            var text = ReadText(file);
            return Parse(text.Split('\0', StringSplitOptions.RemoveEmptyEntries), hypervisor);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string ReadText(FileStream file)
    {
        // A thousand VMs that start would be a thousand large arrays.
        var buffer = ArrayPool<byte>.Shared.Rent(MaxBytes);
        try
        {
            var length = file.ReadAtLeast(buffer.AsSpan(0, MaxBytes), MaxBytes, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <param name="arguments">The program's name first.</param>
    /// <param name="hypervisor">What is known of it already; null: nothing.</param>
    public static HypervisorCommandLine Parse(IReadOnlyList<string> arguments, string? hypervisor)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        hypervisor ??= Guess(arguments);
        return hypervisor switch
        {
            "qemu" => new(
                hypervisor,
                QmpSocket(Value(arguments, "-qmp")),
                Size(Value(arguments, "-m"), Mebi),
                Count(Value(arguments, "-smp"), "cpus")),
            "cloud-hypervisor" => new(
                hypervisor,
                Member(Value(arguments, "--api-socket"), "path"),
                Size(Value(arguments, "--memory"), 1),
                Count(Value(arguments, "--cpus"), "boot")),
            "firecracker" => new(hypervisor, Value(arguments, "--api-sock"), null, null),
            "stratovirt" => new(
                hypervisor, null, Size(Value(arguments, "-m"), Mebi), Count(Value(arguments, "-smp"), "cpus")),
            "crosvm" => new(
                hypervisor,
                null,
                Size(Value(arguments, "-m", "--mem"), Mebi),
                Count(Value(arguments, "-c", "--cpus"), "num-cores")),
            "kvmtool" => new(
                hypervisor,
                null,
                Size(Value(arguments, "-m", "--mem"), Mebi),
                Count(Value(arguments, "-c", "--cpus"), "")),
            _ => new(hypervisor, null, null, null),
        };
    }

    private static string? Guess(IReadOnlyList<string> arguments) =>
        Value(arguments, "-qmp") is not null ? "qemu"
        : Value(arguments, "--api-socket") is not null ? "cloud-hypervisor"
        : Value(arguments, "--api-sock") is not null ? "firecracker"
        : null;

    /// <summary>
    /// What follows an option, or stands behind its <c>=</c>; the last one counts, as it does for QEMU.
    /// </summary>
    private static string? Value(IReadOnlyList<string> arguments, params ReadOnlySpan<string> options)
    {
        for (var i = arguments.Count - 1; i > 0; i--)
        {
            foreach (var option in options)
            {
                if (arguments[i] == option && i + 1 < arguments.Count)
                {
                    return arguments[i + 1];
                }

                if (arguments[i].StartsWith(option + "=", StringComparison.Ordinal))
                {
                    return arguments[i][(option.Length + 1)..];
                }
            }
        }

        return null;
    }

    /// <summary><c>unix:PATH,server=on,wait=off</c>; null for one that is no unix socket.</summary>
    private static string? QmpSocket(string? value) => value is ['u', 'n', 'i', 'x', ':', .. var path] ? First(path) : null;

    private static string? First(string value) => value.Split(',')[0] is { Length: > 0 } first ? first : null;

    /// <summary>Of <c>VALUE,key=value,...</c> or <c>name=VALUE,...</c>.</summary>
    private static string? Member(string? value, string name)
    {
        if (value is null)
        {
            return null;
        }

        foreach (var part in value.Split(','))
        {
            if (part.StartsWith(name + "=", StringComparison.Ordinal))
            {
                return part[(name.Length + 1)..];
            }
        }

        return First(value) is { } first && !first.Contains('=', StringComparison.Ordinal) ? first : null;
    }

    /// <param name="unit">Bytes of a number without a suffix.</param>
    private static ulong? Size(string? value, ulong unit)
    {
        var text = Member(value, "size");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var digits = text.TrimEnd('i', 'B');
        unit = char.ToUpperInvariant(digits.Length > 0 ? digits[^1] : '0') switch
        {
            'K' => 1 << 10,
            'M' => 1 << 20,
            'G' => 1 << 30,
            'T' => 1UL << 40,
            _ => unit,
        };
        digits = digits.TrimEnd('k', 'K', 'm', 'M', 'g', 'G', 't', 'T');
        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0 && number <= (ulong)long.MaxValue / unit
                ? number * unit
                : null;
    }

    private static int? Count(string? value, string name) =>
        int.TryParse(Member(value, name), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : null;
}
