using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Blixard.Node.Options;

/// <summary><c>HOST:PORT</c>, the host a name, an IPv4 address, or an IPv6 address in brackets.</summary>
internal sealed record HostPort(string Host, int Port)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out HostPort? parsed)
    {
        parsed = null;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is 0 or > 65535)
        {
            return false;
        }

        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
        {
            host = inner;
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            return false;
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        parsed = new(host, port);
        return true;
    }

    /// <exception cref="FormatException">The text is not <c>HOST:PORT</c>.</exception>
    public static HostPort Parse(string text) =>
        TryParse(text, out var parsed) ? parsed : throw new FormatException($"\"{text}\" is not HOST:PORT");

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
