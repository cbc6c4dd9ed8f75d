using System.Globalization;
using Blixard.Client.Contracts;
using Blixard.Node.History;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary>
/// <c>GET /v1/vms/{vm}/history</c>: one figure of a VM over time. Each node has the samples that it took: all on which
/// the VM is defined are asked, and those that did not answer are named.
/// </summary>
internal sealed class HistoryEndpoint(
    Replica replica, NodeFacts self, NodeRelay relay, HistoryStore store, HistorySettings settings, TimeProvider time)
{
    private const int MaxAnswerBytes = 4 << 20;
    private const int DefaultPoints = 240;
    private static readonly TimeSpan DefaultRange = TimeSpan.FromHours(1);

    /// <summary>Steps that people can read, in seconds.</summary>
    private static readonly int[] Steps =
        [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

    public static AcceptedQuery Accepted { get; } = new(
        new(ApiRoutes.Metric, $"Which figure: {string.Join(", ", HistoryMetrics.Names)}."),
        new(ApiRoutes.Since, "From when on: 1h, 30m (ago), or a time as 2026-05-31T16:29:09Z [default: 1h]."),
        new(ApiRoutes.Until, "Until when, in the same forms [default: now]."),
        new(ApiRoutes.Step, "What makes a point, as 10s, 5m, 1h or 1d. Over more than 2 hours: whole minutes."));

    public async Task GetAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var query = Parse(context.Request.Query, vm);
        var known = replica.State.Vms.GetValueOrDefault(vm) ?? throw new ApiException(Problems.VmNotFound(vm));
        var own = OwnAsync(query, context.RequestAborted);
        VmHistory[] parts = relay.IsForThisNode(context.Request)
            ? [await own]
            : await Task.WhenAll(known.Observations.Keys
                .Where(node => node != self.Name)
                .Select(node => OtherAsync(node, query, context.RequestAborted))
                .Prepend(own));
        await Reads.AnswerAsync(context, Join(query, parts), Documents.Json.VmHistory);
    }

    private async Task<VmHistory> OwnAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        var status = store.Status;
        string? reason = status switch
        {
            { Enabled: false } => "it keeps no history (History:Enabled)",
            { PausedBecause: { } paused } => $"nothing is recorded: {paused}",
            _ => null,
        };
        IReadOnlyList<Summary> steps = [];
        try
        {
            // Reads from the disk, and decodes.
            steps = (await Task.Run(() => store.ReadAsync(query, cancellationToken), cancellationToken)).All;
        }
        catch (HistoryDamagedException e)
        {
            reason = $"its history is damaged: {e.Message}";
        }

        return Document(query, [], Points(query, steps)) with
        {
            Nodes =
            [
                new HistorySource
                {
                    Node = self.Name,
                    Answered = true,
                    Oldest = status.Oldest,
                    Reason = reason,
                },
            ],
        };
    }

    private async Task<VmHistory> OtherAsync(string node, HistoryQuery query, CancellationToken cancellationToken)
    {
        static string At(DateTimeOffset at) =>
            at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        try
        {
            var path = string.Create(
                CultureInfo.InvariantCulture,
                $"{ApiRoutes.VmHistory(query.Vm)}?{ApiRoutes.Metric}={HistoryMetrics.NameOf(query.Metric)}"
                    + $"&{ApiRoutes.Since}={At(query.Since)}&{ApiRoutes.Until}={At(query.Until)}"
                    + $"&{ApiRoutes.Step}={query.Step.TotalSeconds}s");
            return await relay.AskAsync(node, path, ApiJson.Default.VmHistory, MaxAnswerBytes, cancellationToken);
        }
        catch (ApiException e)
        {
            return Document(query, [new HistorySource { Node = node, Answered = false, Reason = e.Message }], []);
        }
    }

    /// <summary>One answer of all: what several nodes have of a step is weighed by its samples.</summary>
    private static VmHistory Join(HistoryQuery query, VmHistory[] parts)
    {
        var steps = new HistorySteps(query);
        foreach (var point in parts.SelectMany(part => part.Points))
        {
            if (point is { Average: { } average, Max: { } max })
            {
                var scale = HistoryMetrics.ScaleOf(query.Metric);
                steps.Add(point.At, new(point.Samples, average * scale * point.Samples, (long)Math.Round(max * scale)));
            }
        }

        return Document(
            query,
            [.. parts.SelectMany(part => part.Nodes).OrderBy(source => source.Node, StringComparer.Ordinal)],
            Points(query, steps.All));
    }

    private static VmHistory Document(HistoryQuery query, HistorySource[] nodes, HistoryPoint[] points) => new()
    {
        Vm = query.Vm,
        Metric = HistoryMetrics.NameOf(query.Metric),
        Unit = HistoryMetrics.UnitOf(query.Metric),
        Since = query.Since,
        Until = query.Until,
        StepSeconds = (int)query.Step.TotalSeconds,
        Nodes = nodes,
        Points = points,
    };

    private static HistoryPoint[] Points(HistoryQuery query, IReadOnlyList<Summary> steps)
    {
        var scale = HistoryMetrics.ScaleOf(query.Metric);
        return
        [
            .. steps.Select((step, i) => new HistoryPoint
            {
                At = query.Since + (query.Step * i),
                Average = step.Count == 0 ? null : Math.Round(step.Sum / step.Count / scale, 3),
                Max = step.Count == 0 ? null : step.Max / scale,
                Samples = step.Count,
            }),
        ];
    }

    private HistoryQuery Parse(IQueryCollection query, string vm)
    {
        string? Value(string name) => query.TryGetValue(name, out var values) ? values.ToString() : null;
        var now = time.GetUtcNow();
        var name = Value(ApiRoutes.Metric) ?? throw Refuse($"metric is missing: {string.Join(", ", HistoryMetrics.Names)}.");
        if (!HistoryMetrics.TryParse(name, out var metric))
        {
            throw Refuse($"metric={name} is not kept; there is {string.Join(", ", HistoryMetrics.Names)}.");
        }

        var until = TimeOf(ApiRoutes.Until, Value(ApiRoutes.Until), now) ?? now;
        var since = TimeOf(ApiRoutes.Since, Value(ApiRoutes.Since), now) ?? until - DefaultRange;
        if (since >= until)
        {
            throw Refuse($"since {since:O} is not before until {until:O}.");
        }

        var step = StepOf(Value(ApiRoutes.Step), until - since);
        return Aligned(new HistoryQuery(vm, metric.Value, since, until, step));
    }

    private TimeSpan StepOf(string? text, TimeSpan range)
    {
        var isLong = range > HistoryQuery.LongestOfSweeps;
        if (text is null)
        {
            var least = Math.Max(range.TotalSeconds / DefaultPoints, isLong ? 60 : settings.SampleInterval.TotalSeconds);
            const int Day = 86_400;
            return TimeSpan.FromSeconds(
                Steps.FirstOrDefault(step => step >= least, (int)Math.Ceiling(least / Day) * Day));
        }

        if (!PointInTime.TryParseDuration(text, out var given) || given <= TimeSpan.Zero)
        {
            throw Refuse($"step={text} is no step: a whole number above 0 and s, m, h or d, as in 10s.");
        }

        if (isLong && given.Ticks % HistoryQuery.MinuteStep.Ticks != 0)
        {
            throw Refuse(
                $"step={text}: over more than {HistoryQuery.LongestOfSweeps.TotalHours:0} hours a step is whole minutes.");
        }

        return range / given <= HistoryQuery.MaxPoints
            ? given
            : throw Refuse(
                $"step={text} makes {range / given:0} points of that time; {HistoryQuery.MaxPoints} are the most.");
    }

    /// <summary>Steps begin at multiples of their length, so that all nodes cut time in the same places.</summary>
    private static HistoryQuery Aligned(HistoryQuery query)
    {
        var step = query.Step.Ticks;
        var first = query.Since.UtcTicks / step * step;
        var end = (query.Until.UtcTicks + step - 1) / step * step;
        return query with { Since = new(first, TimeSpan.Zero), Until = new(end, TimeSpan.Zero) };
    }

    private static DateTimeOffset? TimeOf(string name, string? text, DateTimeOffset now) => text is null ? null
        : PointInTime.TryParse(text, now, out var at) ? at
        : throw Refuse($"{name}={text} is no time: {PointInTime.Forms}.");

    private static ApiException Refuse(string detail) => new(Problems.InvalidRequest(Problems.Shown(detail)));
}
