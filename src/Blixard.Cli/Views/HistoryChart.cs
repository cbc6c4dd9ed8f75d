using System.Globalization;
using System.Text;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>
/// A figure over time as an area: braille dots where the terminal has them, else ASCII. A known zero is one dot high,
/// and where nobody knows nothing is drawn, on the axis neither.
/// </summary>
internal static class HistoryChart
{
    private const int Rows = 10;
    private const int DefaultWidth = 80;
    private const int LeastColumns = 10;

    public static void Write(Printer printer, VmHistory history, bool utf8)
    {
        double[] known = [.. history.Points.Select(point => point.Average).OfType<double>()];
        if (known.Length == 0)
        {
            printer.Line(Printable.Text(
                $"no samples of {history.Metric} of {history.Vm} "
                    + $"from {Exact.Of(history.Since)} to {Exact.Of(history.Until)}"));
            return;
        }

        var peak = history.Points.Max(point => point.Max) ?? 0;
        printer.Line(
            Printable.Text(
                $"{history.Vm} {history.Metric} ({history.Unit}): last {Value(known[^1], history.Unit)}, "
                    + $"average {Value(known.Average(), history.Unit)}, max {Value(peak, history.Unit)}"),
            Tone.Heading);
        var top = Ceiling(known.Max());
        string[] labels = [Value(top, history.Unit), Value(top / 2, history.Unit), Value(0, history.Unit)];
        var margin = labels.Max(label => label.Length) + 1;
        var columns = Math.Max(LeastColumns, (printer.Width ?? DefaultWidth) - margin - 2);
        var area = utf8 ? Braille(history, columns, top) : Ascii(history, columns, top);
        for (var row = 0; row < Rows; row++)
        {
            var label = row switch
            {
                0 => labels[0],
                Rows / 2 => labels[1],
                _ => "",
            };
            printer.Output.Write(label.PadLeft(margin - 1));
            printer.Output.Write(utf8 ? " │" : " |");
            printer.Line(area[row].TrimEnd(' ', '\u2800'), Tone.Good);
        }

        printer.Line($"{labels[2].PadLeft(margin - 1)}{(utf8 ? " └" : " +")}{Axis(history, columns, utf8)}");
        printer.Line(new string(' ', margin + 1) + Times(history, columns));
    }

    /// <summary>The average over a part of the time; null where no point in it has one.</summary>
    private static double? At(VmHistory history, int part, int parts)
    {
        var points = history.Points;
        var first = (int)((long)part * points.Count / parts);
        var last = Math.Max(first + 1, (int)((long)(part + 1) * points.Count / parts));
        double? sum = null;
        var count = 0;
        for (var i = first; i < last && i < points.Count; i++)
        {
            if (points[i].Average is { } average)
            {
                sum = (sum ?? 0) + average;
                count++;
            }
        }

        return sum / count;
    }

    /// <summary>Two dots by four in a cell.</summary>
    private static string[] Braille(VmHistory history, int columns, double top)
    {
        // Unicode 16, block 2800: the bits of the left and of the right column, from the top.
        int[][] bits = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        var cells = new int[Rows, columns];
        for (var dot = 0; dot < columns * 2; dot++)
        {
            var height = Height(At(history, dot, columns * 2), top, Rows * 4);
            for (var level = 0; level < height; level++)
            {
                var fromTop = (Rows * 4) - 1 - level;
                cells[fromTop / 4, dot / 2] |= bits[dot % 2][fromTop % 4];
            }
        }

        return Lines(columns, (row, column) => (char)(0x2800 + cells[row, column]));
    }

    private static string[] Ascii(VmHistory history, int columns, double top)
    {
        int[] heights =
        [
            .. Enumerable.Range(0, columns).Select(column => Height(At(history, column, columns), top, Rows * 2)),
        ];
        return Lines(columns, (row, column) => (heights[column] - ((Rows - 1 - row) * 2)) switch
        {
            >= 2 => '#',
            1 => '.',
            _ => ' ',
        });
    }

    private static string[] Lines(int columns, Func<int, int, char> cell) =>
    [
        .. Enumerable.Range(0, Rows).Select(row =>
            string.Create(columns, (row, cell), static (line, state) =>
            {
                for (var column = 0; column < line.Length; column++)
                {
                    line[column] = state.cell(state.row, column);
                }
            })),
    ];

    private static int Height(double? value, double top, int levels) => value is { } known
        ? Math.Clamp((int)Math.Ceiling(known / top * levels), 1, levels)
        : 0;

    private static string Axis(VmHistory history, int columns, bool utf8)
    {
        var axis = new StringBuilder();
        for (var column = 0; column < columns; column++)
        {
            axis.Append(At(history, column, columns) is null ? ' ' : utf8 ? '─' : '-');
        }

        return axis.ToString().TrimEnd();
    }

    /// <summary>The beginning, the middle and the end, as far as there is room.</summary>
    private static string Times(VmHistory history, int columns)
    {
        var range = history.Until - history.Since;
        var format = range <= TimeSpan.FromMinutes(10) ? "HH:mm:ss"
            : range <= TimeSpan.FromHours(24) ? "HH:mm"
            : "MM-dd HH:mm";
        string Text(DateTimeOffset at) => at.UtcDateTime.ToString(format, CultureInfo.InvariantCulture);

        var (first, middle, last) = (Text(history.Since), Text(history.Since + (range / 2)), Text(history.Until) + " UTC");
        var room = columns - first.Length - last.Length;
        if (room < 1)
        {
            return first;
        }

        var before = (columns / 2) - first.Length - (middle.Length / 2);
        var after = room - before - middle.Length;
        return before > 0 && after > 0
            ? first + new string(' ', before) + middle + new string(' ', after) + last
            : first + new string(' ', room) + last;
    }

    /// <summary>The next of 1, 2 and 5 times a power of ten: an axis that is easy to read.</summary>
    private static double Ceiling(double most)
    {
        if (most <= 0)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return power * (most / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        };
    }

    private static string Value(double value, string unit) => unit switch
    {
        "bytes" => Humanize.Bytes((long)value),
        "bytes/s" => Humanize.Bytes((long)value) + "/s",
        "percent" => value.ToString("0.##", CultureInfo.InvariantCulture) + "%",
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
