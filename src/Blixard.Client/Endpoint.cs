using System.Globalization;

namespace Blixard.Client;

/// <summary>Where a node's API is: http, https, or a unix socket on this host.</summary>
/// <param name="Text">As it is shown to people, and accepted by <see cref="Parse"/>.</param>
/// <param name="BaseAddress">Base of the requests' URIs; a placeholder host for a unix socket.</param>
/// <param name="SocketPath">Path of the unix socket, else null.</param>
public sealed record Endpoint(string Text, Uri BaseAddress, string? SocketPath)
{
    public const string EnvironmentVariable = "BLIXARD_ENDPOINT";
    public const string DefaultSocketPath = "/run/blixard/blixard.sock";
    public const int DefaultPort = 7480;

    /// <summary>The loopback port, where a node listens without any configuration.</summary>
    public static Endpoint Default { get; } = Parse($"http://127.0.0.1:{DefaultPort}");

    /// <summary>
    /// The option, the environment variable (an empty one counts as unset), the socket if it is there, the loopback
    /// port: the first that says something.
    /// </summary>
    /// <param name="option">What the command line said, or null.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="exists">Whether a file exists.</param>
    /// <exception cref="FormatException">The option or the variable cannot be understood; names which.</exception>
    public static Endpoint Resolve(string? option, Func<string, string?> environment, Func<string, bool> exists)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(exists);
        if (option is not null)
        {
            return Parse(option);
        }

        if (environment(EnvironmentVariable) is { Length: > 0 } variable)
        {
            try
            {
                return Parse(variable);
            }
            catch (FormatException e)
            {
                throw new FormatException($"{EnvironmentVariable}: {e.Message}", e);
            }
        }

        return exists(DefaultSocketPath) ? Parse(DefaultSocketPath) : Default;
    }

    /// <summary>
    /// <c>http://HOST:PORT</c>, <c>https://HOST:PORT</c>, <c>HOST[:PORT]</c> (http, port 7480),
    /// <c>unix:/PATH</c>, <c>unix:///PATH</c> or an absolute path.
    /// </summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static Endpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('/'))
        {
            return Unix(text, text);
        }

        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text["unix:".Length..];
            path = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
            return Unix(text, path);
        }

        var withScheme = text.Contains("://", StringComparison.Ordinal) ? text : WithDefaults(text);
        return Uri.TryCreate(withScheme, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri is { PathAndQuery: "/", Fragment: "", UserInfo: "", Host: not "" }
            ? new Endpoint(withScheme.TrimEnd('/'), uri, SocketPath: null)
            : throw NotUnderstood(text);
    }

    public override string ToString() => Text;

    private static Endpoint Unix(string text, string path) =>
        path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal) && path.Length > 1
            ? new Endpoint("unix:" + path, new Uri("http://localhost/"), path)
            : throw NotUnderstood(text);

    private static string WithDefaults(string hostAndPort)
    {
        // A colon after the last bracket (or the only one) begins a port; several without brackets are no host at all.
        var afterHost = hostAndPort.LastIndexOf(']') + 1;
        var colon = hostAndPort.LastIndexOf(':');
        var hasPort = colon >= afterHost && colon == hostAndPort.IndexOf(':', afterHost);
        return hasPort
            ? $"http://{hostAndPort}"
            : string.Create(CultureInfo.InvariantCulture, $"http://{hostAndPort}:{DefaultPort}");
    }

    private static FormatException NotUnderstood(string text) => new(
        $"endpoint \"{text}\" is not understood: use http://HOST:PORT, https://HOST:PORT or unix:/PATH");
}
