namespace Blixard.Node.History;

/// <summary>A question about one figure of one VM.</summary>
/// <param name="Since">The beginning of the first step.</param>
/// <param name="Until">The end of the last one.</param>
/// <param name="Step">Whole seconds; from <see cref="MinuteStep"/> on whole minutes, if the range is long.</param>
internal sealed record HistoryQuery(
    string Vm, HistoryMetric Metric, DateTimeOffset Since, DateTimeOffset Until, TimeSpan Step)
{
    /// <summary>Most steps of an answer.</summary>
    public const int MaxPoints = 10_000;

    /// <summary>The longest range that is answered from the sweeps themselves.</summary>
    public static readonly TimeSpan LongestOfSweeps = TimeSpan.FromHours(2);

    public static readonly TimeSpan MinuteStep = TimeSpan.FromMinutes(1);

    public int Points => (int)((Until - Since) / Step);

    public bool UsesMinutes => Step.Ticks % MinuteStep.Ticks == 0;
}

/// <summary>The steps of an answer, each with what its samples come to.</summary>
internal sealed class HistorySteps(HistoryQuery query)
{
    private readonly Summary[] _steps = new Summary[query.Points];

    public IReadOnlyList<Summary> All => _steps;

    /// <summary>What lies outside the question is left out.</summary>
    public void Add(DateTimeOffset at, Summary summary)
    {
        if (at >= query.Since && at < query.Until && summary.Count > 0)
        {
            ref var step = ref _steps[(int)((at - query.Since) / query.Step)];
            step = step.Add(summary);
        }
    }
}
