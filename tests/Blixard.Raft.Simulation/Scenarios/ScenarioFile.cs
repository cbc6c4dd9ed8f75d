using System.Text;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary>
/// A transcript: commands, each with its arguments on one line, and after <c>----</c> what it said, to the next empty
/// line. Comments begin with <c>#</c>. Running it again must give the same text.
/// </summary>
internal static class ScenarioFile
{
    private const string Separator = "----";

    /// <summary>Runs the commands of a transcript and returns the transcript as it is now.</summary>
    public static string Run(string transcript)
    {
        var cluster = new ScenarioCluster();
        var said = new StringBuilder();
        var inOutput = false;
        foreach (var line in transcript.Split('\n').Select(line => line.TrimEnd()))
        {
            if (inOutput && line.Length > 0)
            {
                // What it said before; what it says now has been written.
                continue;
            }

            if (line == Separator)
            {
                inOutput = true;
                continue;
            }

            if (line.Length > 0 && line[0] != '#')
            {
                said.Append(line).Append('\n').Append(Separator).Append('\n');
                said.Append(cluster.Run(ScenarioCommand.Parse(line))).Append('\n');
            }
            else if (line.Length > 0 || !EndsWithEmptyLine(said))
            {
                said.Append(line).Append('\n');
            }

            inOutput = false;
        }

        return said.ToString().TrimEnd('\n') + "\n";
    }

    private static bool EndsWithEmptyLine(StringBuilder said) =>
        said.Length >= 2 && said[^1] == '\n' && said[^2] == '\n';
}
