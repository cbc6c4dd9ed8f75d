using System.Globalization;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary>How fresh an answer of /v1 must be, and whether to hold it until something changed.</summary>
/// <param name="Consistency">Linearizable unless asked otherwise.</param>
/// <param name="MinIndex">The answer's state must contain this index.</param>
/// <param name="Wait">Set together with <paramref name="Index"/>: hold the answer at most this long.</param>
/// <param name="Index">What the caller has seen.</param>
internal sealed record ReadQuery(Consistency Consistency, ulong? MinIndex, TimeSpan? Wait, ulong Index)
{
    public static AcceptedQuery Accepted { get; } = new(
        new(ApiRoutes.Consistency, "linearizable (default), or stale: this node's own replica, answered without a quorum."),
        new(ApiRoutes.MinIndex, "Answer only from a state at or after this log index: reads what you wrote."),
        new(ApiRoutes.Wait, "Hold the answer until the resource changed after index, at most this long: 30s, 500ms, 5m."),
        new(ApiRoutes.Index, "The Blixard-Index of the answer that the caller has; goes with wait."));

    /// <exception cref="ApiException">A value can't be understood; says which.</exception>
    public static ReadQuery Parse(IQueryCollection query, ApiLimits limits)
    {
        var consistency = Value(query, ApiRoutes.Consistency) switch
        {
            null or "linearizable" => Consistency.Linearizable,
            "stale" => Consistency.Stale,
            var other => throw Refuse($"consistency={other}: it is linearizable or stale."),
        };
        var (wait, index) = (Value(query, ApiRoutes.Wait), IndexOf(query, ApiRoutes.Index));
        if (wait is null != index is null)
        {
            throw Refuse("wait and index go together: how long to wait, and the index after which a change counts.");
        }

        return new ReadQuery(
            consistency,
            IndexOf(query, ApiRoutes.MinIndex),
            wait is null ? null : Duration(wait, limits.MaxWait),
            index ?? 0);
    }

    /// <summary>A log index, null if it is not given.</summary>
    /// <exception cref="ApiException">It is no whole number.</exception>
    public static ulong? IndexOf(IQueryCollection query, string name) => Value(query, name) switch
    {
        null => null,
        var text when ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) => index,
        var text => throw Refuse($"{name}={text} is not a log index: a whole number from 0 on."),
    };

    private static TimeSpan Duration(string text, TimeSpan most)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        long? unit = text[digits..] switch
        {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            _ => null,
        };
        if (unit is null || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var n))
        {
            throw Refuse($"wait={text} is not a duration: a whole number and ms, s or m, as in 30s.");
        }

        return n <= (long)most.TotalMilliseconds / unit
            ? TimeSpan.FromMilliseconds(n * unit.Value)
            : throw Refuse($"wait={text} is longer than the {most.TotalMinutes:0} minutes that a request may wait.");
    }

    private static string? Value(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var values) ? values.ToString() : null;

    private static ApiException Refuse(string detail) => new(Problems.InvalidRequest(detail));
}
