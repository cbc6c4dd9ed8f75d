using System.Globalization;

namespace Blixard.StateMachine.Commands;

/// <summary>
/// The rules of form. Each returns null, or a sentence that says what is wrong and where. Pure: they are applied at the
/// edge, before a command is proposed, and again by every replica.
/// </summary>
public static class Rules
{
    public const int MaxNameLength = 63;
    public const int MaxAddressLength = 255;

    /// <summary>The first millisecond of the year 10000.</summary>
    private const long EndOfTime = 253402300800000;

    /// <summary>
    /// <c>^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$</c> and no <c>..</c>: what may stand in a unit name and in a path without
    /// any escaping.
    /// </summary>
    public static bool IsName(string value)
    {
        if (value.Length is 0 or > MaxNameLength || !char.IsAsciiLetterOrDigit(value[0]))
        {
            return false;
        }

        for (var i = 1; i < value.Length; i++)
        {
            var c = value[i];
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.') || (c == '.' && value[i - 1] == '.'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The unit that runs a VM: microvm.nix makes system units, users' managers run the other form.</summary>
    public static string UnitOf(string vm, bool userService) =>
        userService ? $"microvm-{vm}.service" : $"microvm@{vm}.service";

    /// <summary>
    /// <c>HOST:PORT</c>: a name, an IPv4 address or an IPv6 address in brackets, and a port from 1 on.
    /// </summary>
    public static bool IsAddress(string value)
    {
        var colon = value.LastIndexOf(':');
        if (colon <= 0 || value.Length > MaxAddressLength || !IsPort(value.AsSpan(colon + 1)))
        {
            return false;
        }

        var host = value.AsSpan(0, colon);
        if (host is ['[', .. var inner, ']'])
        {
            return IsEach(inner, static c => char.IsAsciiLetterOrDigit(c) || c is ':' or '.' or '%');
        }

        return IsEach(host, static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
    }

    internal static string? Name(string what, string value) => IsName(value)
        ? null
        : $"{what} \"{Shown(value)}\" is not a name: 1 to 63 letters, digits, '_', '-' or '.', the first a letter or "
            + "digit, no '..'";

    internal static string? OptionalName(string what, string value) => value.Length == 0 ? null : Name(what, value);

    internal static string? Unit(string vm, string unit, bool userService) => unit == UnitOf(vm, userService)
        ? null
        : $"unit \"{Shown(unit)}\" does not belong to VM {vm}: expected {UnitOf(vm, userService)}";

    internal static string? Address(string what, string value) => value.Length == 0 ? $"{what} is missing"
        : IsAddress(value) ? null
        : $"{what} \"{Shown(value)}\" is not HOST:PORT";

    internal static string? Text(string what, string value, int max)
    {
        if (value.Length > max)
        {
            return $"{what} has {value.Length} characters, the most is {max}";
        }

        foreach (var c in value)
        {
            if (char.IsControl(c))
            {
                return $"{what} \"{Shown(value)}\" has a control character";
            }
        }

        return null;
    }

    internal static string? RequiredText(string what, string value, int max) =>
        value.Length == 0 ? $"{what} is missing" : Text(what, value, max);

    /// <summary>The one written form of a UUID: lower case, with hyphens.</summary>
    internal static string? Uuid(string what, string value)
    {
        var good = value.Length == 36;
        for (var i = 0; good && i < value.Length; i++)
        {
            good = i is 8 or 13 or 18 or 23 ? value[i] == '-' : char.IsAsciiHexDigitLower(value[i]);
        }

        return good ? null : $"{what} \"{Shown(value)}\" is not a UUID in lower case";
    }

    internal static string? Time(string what, long milliseconds) => milliseconds is > 0 and < EndOfTime
        ? null
        : $"{what} {Number(milliseconds)} is not a time in milliseconds since 1970";

    internal static string? OptionalTime(string what, long milliseconds) =>
        milliseconds == 0 ? null : Time(what, milliseconds);

    /// <summary>systemd writes an unset counter as 2^64-1; that must not pass for a figure.</summary>
    internal static string? Figure(string what, bool given, ulong value) => given && value > long.MaxValue
        ? $"{what} is {value}: a figure that is not available is left out"
        : null;

    internal static string? Count(string what, int count, int max) =>
        count > max ? $"{count} {what}, the most is {max}" : null;

    /// <summary>A culture may have a minus sign of its own, and the texts of refusals are replicated.</summary>
    internal static string Number(long value) => value.ToString(NumberFormatInfo.InvariantInfo);

    private static bool IsPort(ReadOnlySpan<char> text)
    {
        var port = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || port > 65535)
            {
                return false;
            }

            port = (port * 10) + (c - '0');
        }

        return port is > 0 and <= 65535;
    }

    private static bool IsEach(ReadOnlySpan<char> text, Func<char, bool> good)
    {
        foreach (var c in text)
        {
            if (!good(c))
            {
                return false;
            }
        }

        return !text.IsEmpty;
    }

    /// <summary>What the text of a refusal may repeat of a bad value: it is replicated and shown.</summary>
    internal static string Shown(string value)
    {
        var shown = value.Length > 80 ? value[..80] + "..." : value;
        return string.Create(shown.Length, shown, static (span, text) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(text[i]) || char.IsSurrogate(text[i]) ? '?' : text[i];
            }
        });
    }
}
