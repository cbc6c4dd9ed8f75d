using System.Globalization;
using System.Text;

namespace Blixard.Soak;

/// <summary>What a run showed.</summary>
internal sealed record SoakReport
{
    public required int Seed { get; init; }

    public required IReadOnlyDictionary<string, int> Injected { get; init; }

    /// <summary>After each round of faults: how long until a change was acknowledged.</summary>
    public required IReadOnlyList<TimeSpan> Recoveries { get; init; }

    /// <summary>From the end of the load until every member was well.</summary>
    public required TimeSpan Whole { get; init; }

    public required int Clients { get; init; }

    public required int Done { get; init; }

    public required int Failed { get; init; }

    public required int Unknown { get; init; }

    /// <summary>Answers that ended in the middle; unknown, and no fault of the API.</summary>
    public required int CutShort { get; init; }

    public required int AcknowledgedChanges { get; init; }

    public required TimeSpan LongestSilence { get; init; }

    public required int Lost { get; init; }

    public required IReadOnlyList<CheckedKey> Keys { get; init; }

    /// <summary>Everything for which the run has failed.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    public required TimeSpan Took { get; init; }

    public int Faults => Injected.Values.Sum();

    public bool IsGood => Problems.Count == 0 && Lost == 0;

    /// <summary>For programs.</summary>
    public string LastLine => string.Create(
        CultureInfo.InvariantCulture,
        $"soak {(IsGood ? "passed" : "failed")} seed={Seed} faults={Faults} seconds={Took.TotalSeconds:F0} "
            + $"operations={Operations} acknowledged={AcknowledgedChanges} unknown={Unknown} lost={Lost} "
            + $"histories={Keys.Count} not_linearizable={Keys.Count - Linearizable} "
            + $"longest_silence_ms={LongestSilence.TotalMilliseconds:F0} problems={Problems.Count}");

    private int Operations => Done + Failed + Unknown;

    private int Linearizable => Keys.Count(k => k.Verdict.IsLinearizable);

    /// <summary>For people; and as its last line for programs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

        Line($"faults injected");
        foreach (var (kind, count) in Injected)
        {
            Line($"  {kind,-16} {count,5}");
        }

        var recoveries = Recoveries.DefaultIfEmpty().Order().ToArray();
        var median = recoveries[recoveries.Length / 2].TotalSeconds;
        Line($"clients            {Clients}");
        Line($"operations         {Operations}: {Done} done, {Failed} refused, {Unknown} unknown");
        Line($"acknowledged       {AcknowledgedChanges} changes, lost {Lost}");
        Line($"longest silence    {LongestSilence.TotalSeconds:F2} s without an acknowledged change");
        var most = recoveries[^1].TotalSeconds;
        Line($"after the faults   the first change came within {median:F2} s (median), {most:F2} s (max)");
        Line($"at the end         all members well after {Whole.TotalSeconds:F2} s");
        Line($"histories          {Keys.Count}, the longest of {Keys.Max(k => k.Key.History().Count)} operations");
        Line($"most steps         {Keys.Max(k => k.Verdict.Steps)} to check one of them");
        Line($"linearizable       {Linearizable} of {Keys.Count}");
        foreach (var problem in Problems.Take(20))
        {
            Line($"PROBLEM: {problem}");
        }

        return text + LastLine;
    }
}
