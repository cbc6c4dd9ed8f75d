using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>Which lines of a VM's journal are asked for.</summary>
/// <param name="Lines">How many; the newest, or after a cursor the first. Null: 100, or after a cursor all when
/// following.</param>
/// <param name="After">Only lines after this cursor.</param>
/// <param name="MaxPriority">At least this severe.</param>
internal sealed record LogQuery(
    int? Lines, DateTimeOffset? Since, int? MaxPriority, string? After, bool Follow, string? Node)
{
    public const int DefaultLines = 100;
    public const int MaxLines = 10_000;

    private static readonly string[] Priorities =
        ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    public static AcceptedQuery Accepted { get; } = new(
        new(ApiRoutes.Lines, "How many lines: 0 to 10000, 100 unless said. The newest; with after, the first."),
        new(ApiRoutes.Since, "Only lines since then: 1h, 30m (ago), or a time as 2026-05-31T16:29:09Z."),
        new(ApiRoutes.Priority, "Only lines at least this severe: emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7."),
        new(ApiRoutes.After, "Only lines after the one with this cursor, the oldest first: resumes a stream."),
        new(ApiRoutes.Follow, "true: goes on with every line that is written, with empty lines to keep the connection alive."),
        new(ApiRoutes.OfNode, "The node whose journal is meant, where the VM is defined [default: where it runs or ran]."));

    /// <exception cref="ApiException">A value can't be understood; says which.</exception>
    public static LogQuery Parse(IQueryCollection query, DateTimeOffset now)
    {
        string? Value(string name) => query.TryGetValue(name, out var values) ? values.ToString() : null;
        int? lines = null;
        if (Value(ApiRoutes.Lines) is { } n)
        {
            lines = int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MaxLines
                ? count
                : throw Refuse($"n={n} is no number of lines: 0 to {MaxLines}.");
        }

        DateTimeOffset? since = null;
        if (Value(ApiRoutes.Since) is { } text)
        {
            since = PointInTime.TryParse(text, now, out var at)
                ? at
                : throw Refuse($"since={text} is no time: {PointInTime.Forms}.");
        }

        var node = Value(ApiRoutes.OfNode);
        if (node is not null)
        {
            Edge.Check("node", node);
        }

        return new LogQuery(
            lines,
            since,
            PriorityOf(Value(ApiRoutes.Priority)),
            Value(ApiRoutes.After) is { Length: > 0 } cursor ? cursor : null,
            Value(ApiRoutes.Follow) switch
            {
                null or "false" => false,
                "" or "true" => true,
                var other => throw Refuse($"follow={other}: it is true or false."),
            },
            node);
    }

    private static int? PriorityOf(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var named = Array.IndexOf(Priorities, text);
        return named >= 0 ? named
            : text is [>= '0' and <= '7'] ? text[0] - '0'
            : throw Refuse($"priority={text} is none: {string.Join(", ", Priorities)}, or 0 to 7.");
    }

    private static ApiException Refuse(string detail) => new(Problems.InvalidRequest(detail));
}
