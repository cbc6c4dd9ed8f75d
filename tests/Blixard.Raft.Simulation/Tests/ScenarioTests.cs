using Blixard.Raft.Simulation.Scenarios;

namespace Blixard.Raft.Simulation.Tests;

/// <summary>
/// The transcripts in Scenarios/ say what the core says today. To accept a change, run with UPDATE_SCENARIOS set to the
/// folder they are in, and read the difference.
/// </summary>
public class ScenarioTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Scenarios");

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_transcript_is_what_it_was(string name)
    {
        var expected = File.ReadAllText(Path.Combine(Folder, name));
        var actual = ScenarioFile.Run(expected);
        if (Environment.GetEnvironmentVariable("UPDATE_SCENARIOS") is { Length: > 0 } source)
        {
            File.WriteAllText(Path.Combine(source, name), actual);
            return;
        }

        Assert.Equal(expected, actual);
    }
}
