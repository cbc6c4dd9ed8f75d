using System.Buffers.Text;

namespace Blixard.Systemd.Cgroups;

/// <summary>
/// The formats of cgroup v2's files (Documentation/admin-guide/cgroup-v2.rst). Every method is false for content that
/// is not of its format; unknown keys are skipped, as later kernels add some.
/// </summary>
internal static class StatParser
{
    public const ulong NoLimit = ulong.MaxValue;

    /// <summary>A single number.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> content, out ulong value)
    {
        content = content.TrimEnd((byte)'\n');
        return Utf8Parser.TryParse(content, out value, out var used) && used == content.Length;
    }

    /// <summary>A number, or "max" for no limit, which is <see cref="NoLimit"/>.</summary>
    public static bool TryLimit(ReadOnlySpan<byte> content, out ulong value)
    {
        value = NoLimit;
        return content.TrimEnd((byte)'\n').SequenceEqual("max"u8) || TryNumber(content, out value);
    }

    /// <summary>cpu.stat: lines of "key number". The three are there since the file exists.</summary>
    public static bool TryCpu(ReadOnlySpan<byte> content, out CpuUsage usage)
    {
        ulong total = 0;
        ulong user = 0;
        ulong system = 0;
        var found = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            var line = content[range];
            if (TryValue(line, "usage_usec "u8, ref total, ref found)
                && TryValue(line, "user_usec "u8, ref user, ref found)
                && TryValue(line, "system_usec "u8, ref system, ref found))
            {
                continue;
            }

            usage = default;
            return false;
        }

        usage = new(total, user, system);
        return found == 3;
    }

    /// <summary>
    /// io.stat: a line per device, "8:0 rbytes=1 wbytes=2 rios=3 ...". No line: no device was used, a true 0.
    /// </summary>
    public static bool TryIo(ReadOnlySpan<byte> content, out IoUsage usage)
    {
        ulong readBytes = 0;
        ulong writeBytes = 0;
        ulong reads = 0;
        ulong writes = 0;
        var found = 0;
        usage = default;
        foreach (var lineRange in content.Split((byte)'\n'))
        {
            var line = content[lineRange];
            var device = true;
            foreach (var fieldRange in line.Split((byte)' '))
            {
                var field = line[fieldRange];
                if (device)
                {
                    if (field.Length > 0 && !field.Contains((byte)':'))
                    {
                        return false;
                    }

                    device = false;
                    continue;
                }

                if (!TryValue(field, "rbytes="u8, ref readBytes, ref found)
                    || !TryValue(field, "wbytes="u8, ref writeBytes, ref found)
                    || !TryValue(field, "rios="u8, ref reads, ref found)
                    || !TryValue(field, "wios="u8, ref writes, ref found))
                {
                    return false;
                }
            }
        }

        usage = new(readBytes, writeBytes, reads, writes);
        return true;
    }

    /// <summary>A pressure file: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", then the same with "full".</summary>
    public static bool TryPressure(ReadOnlySpan<byte> content, out Pressure pressure)
    {
        PressureLine? some = null;
        PressureLine? full = null;
        pressure = default;
        foreach (var range in content.Split((byte)'\n'))
        {
            var line = content[range];
            if (line.IsEmpty)
            {
                continue;
            }

            var isSome = line.StartsWith("some "u8);
            if (!isSome && !line.StartsWith("full "u8))
            {
                return false;
            }

            if (!TryPressureLine(line[5..], out var values))
            {
                return false;
            }

            if (isSome)
            {
                some = values;
            }
            else
            {
                full = values;
            }
        }

        if (some is not { } present)
        {
            return false;
        }

        pressure = new(present, full);
        return true;
    }

    private static bool TryPressureLine(ReadOnlySpan<byte> line, out PressureLine values)
    {
        double avg10 = 0;
        double avg60 = 0;
        double avg300 = 0;
        ulong total = 0;
        var found = 0;
        values = default;
        foreach (var range in line.Split((byte)' '))
        {
            var field = line[range];
            if (!TryValue(field, "avg10="u8, ref avg10, ref found)
                || !TryValue(field, "avg60="u8, ref avg60, ref found)
                || !TryValue(field, "avg300="u8, ref avg300, ref found)
                || !TryValue(field, "total="u8, ref total, ref found))
            {
                return false;
            }
        }

        values = new(avg10, avg60, avg300, total);
        return found == 4;
    }

    /// <summary>Adds the number after the key; false only if the key is there without a number.</summary>
    private static bool TryValue(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key, ref ulong sum, ref int found)
    {
        if (!text.StartsWith(key))
        {
            return true;
        }

        var digits = text[key.Length..];
        if (!Utf8Parser.TryParse(digits, out ulong value, out var used) || used != digits.Length)
        {
            return false;
        }

        sum += value;
        found++;
        return true;
    }

    private static bool TryValue(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key, ref double value, ref int found)
    {
        if (!text.StartsWith(key))
        {
            return true;
        }

        var digits = text[key.Length..];
        found++;
        return Utf8Parser.TryParse(digits, out value, out var used) && used == digits.Length && double.IsFinite(value);
    }
}
