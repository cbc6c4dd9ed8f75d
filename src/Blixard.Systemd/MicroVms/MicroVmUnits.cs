using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Blixard.Systemd.MicroVms;

/// <summary>
/// VM names and the names of their units. A VM's name becomes a part of unit names, of paths and of commands, so it is
/// checked here before anything is built of it.
/// </summary>
public static partial class MicroVmUnits
{
    private const string SystemPrefix = "microvm@";
    private const string UserPrefix = "microvm-";
    private const string Suffix = ".service";

    // Units that microvm.nix defines beside each VM's own; the part before '@'.
    private static readonly HashSet<string> HelperTemplates = new(StringComparer.Ordinal)
    {
        "microvm-set-booted",
        "microvm-tap-interfaces",
        "microvm-macvtap-interfaces",
        "microvm-pci-devices",
        "microvm-virtiofsd",
    };

    /// <summary>
    /// The patterns that select the units of VMs, for lists and watches; Parse says which of them are VMs.
    /// </summary>
    public static IReadOnlyList<string> Patterns(UnitScope scope) =>
        scope == UnitScope.System ? [SystemPrefix + "*" + Suffix] : [UserPrefix + "*" + Suffix];

    /// <summary>
    /// Reads a VM's name out of a unit's name. Never throws for a name from outside: what is wrong is the answer.
    /// </summary>
    public static MicroVmUnit Parse(string unit, UnitScope scope)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (!unit.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return new NotAVmUnit(unit, "It is not a service.");
        }

        if (HelperOf(unit) is { } helper)
        {
            return new NotAVmUnit(unit, $"{helper} is a helper unit of microvm.nix, not a VM.");
        }

        var prefix = scope == UnitScope.System ? SystemPrefix : UserPrefix;
        if (!unit.StartsWith(prefix, StringComparison.Ordinal))
        {
            return new NotAVmUnit(unit, scope == UnitScope.System
                ? "A VM's unit in the system manager is named microvm@NAME.service."
                : "A VM's unit in a user's manager is named microvm-NAME.service.");
        }

        var name = unit[prefix.Length..^Suffix.Length];
        if (name.Length == 0 && scope == UnitScope.System)
        {
            return new NotAVmUnit(unit, "It is the template of all VMs.");
        }

        return WhyInvalid(name) is { } reason ? new RefusedVmUnit(unit, reason) : new VmUnit(unit, name, scope);
    }

    /// <summary>The unit in which a VM runs.</summary>
    /// <exception cref="ArgumentException">The name is not a VM's; the message says why.</exception>
    public static string UnitOf(string vmName, UnitScope scope)
    {
        ThrowIfInvalid(vmName);
        return (scope == UnitScope.System ? SystemPrefix : UserPrefix) + vmName + Suffix;
    }

    /// <exception cref="ArgumentException">The name is not a VM's; the message says why.</exception>
    public static void ThrowIfInvalid(string vmName)
    {
        if (WhyInvalid(vmName) is { } reason)
        {
            throw new ArgumentException(reason, nameof(vmName));
        }
    }

    /// <summary>A sentence that says why a text is no VM name; null if it is one.</summary>
    public static string? WhyInvalid(string? vmName)
    {
        if (string.IsNullOrEmpty(vmName))
        {
            return "The VM's name is empty.";
        }

        if (vmName.Contains('\\', StringComparison.Ordinal))
        {
            return Unescape(vmName) is { } meant
                ? $"The VM's name '{vmName}' holds a systemd escape (it stands for '{meant}'); names are used as they "
                    + "are, without escapes."
                : $"The VM's name '{vmName}' holds a backslash.";
        }

        if (vmName.Contains("..", StringComparison.Ordinal))
        {
            return $"The VM's name '{vmName}' holds '..', which would leave its directory.";
        }

        return NamePattern().IsMatch(vmName)
            ? null
            : $"The VM's name '{Printable(vmName)}' is refused: it must match ^[A-Za-z0-9][A-Za-z0-9_.-]{{0,62}}$.";
    }

    private static string? HelperOf(string unit)
    {
        if (unit.StartsWith("install-microvm-", StringComparison.Ordinal))
        {
            return unit;
        }

        var at = unit.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && HelperTemplates.Contains(unit[..at]) ? unit : null;
    }

    /// <summary>What systemd-escape(1) made the name of; null if the escapes are malformed.</summary>
    private static string? Unescape(string name)
    {
        var bytes = new List<byte>(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != '\\')
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(name, i, 1));
                continue;
            }

            if (i + 3 >= name.Length || name[i + 1] != 'x' || !TryHex(name.AsSpan(i + 2, 2), out var b))
            {
                return null;
            }

            bytes.Add(b);
            i += 3;
        }

        return Printable(Encoding.UTF8.GetString([.. bytes]));
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out byte value) =>
        byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    // A refused name goes into logs and terminals: no control characters, no novel.
    private static string Printable(string text)
    {
        var shown = text.Length > 80 ? text[..80] + "..." : text;
        return string.Concat(shown.Select(c => char.IsControl(c) ? '?' : c));
    }

    // \z, not $: '$' would let a trailing line feed through.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
