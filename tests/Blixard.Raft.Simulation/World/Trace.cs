using System.Globalization;
using System.Text;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// The last things that happened, formatted only when somebody asks; or, with a sink, everything, line by line.
/// </summary>
internal sealed class Trace(TextWriter? sink)
{
    private const int Kept = 64;

    private readonly Line[] _lines = new Line[Kept];
    private long _count;

    public void Add(SimWorld world, int member, string what, object? detail = null)
    {
        var line = new Line(world.Steps, world.Now, member, what, detail);
        sink?.WriteLine(Format(line));
        _lines[_count++ % Kept] = line;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        for (var i = Math.Max(0, _count - Kept); i < _count; i++)
        {
            text.AppendLine(Format(_lines[i % Kept]));
        }

        return text.ToString();
    }

    private static string Format(in Line line)
    {
        var who = line.Member < 0 ? "  " : string.Create(CultureInfo.InvariantCulture, $"m{line.Member + 1}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{line.Step,7} {line.Time / 1e6,10:F6}s {who} {line.What} {TraceText.Of(line.Detail)}");
    }

    private readonly record struct Line(long Step, long Time, int Member, string What, object? Detail);
}
