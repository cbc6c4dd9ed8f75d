namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// A robust detector of outliers among the values of the last hour, one a minute: a value is one where it is further
/// from their median than a number of deviations, the deviation being 1.4826 times the median absolute deviation
/// (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993), and never below a floor, so that a figure that
/// never moved may move a little. What was an outlier becomes the usual if it stays, within about half an hour.
/// </summary>
/// <param name="deviations">How many of them off is an outlier.</param>
/// <param name="floor">The least deviation, in the figure's unit.</param>
internal sealed class Outliers(double deviations, double floor)
{
    public const int Least = 30;

    private const int Kept = 60;
    private const int ToRaise = 2;
    private const int ToClear = 3;
    private const double NormalConsistency = 1.4826;

    private readonly float[] _values = new float[Kept];
    private int _count;
    private int _next;
    private int _inARow;

    /// <summary>Enough is known to judge by.</summary>
    public bool IsReady => _count >= Least;

    /// <summary>Two outliers in a row have come, and since then not three values in a row that are none.</summary>
    public bool Raised { get; private set; }

    public Outlier? Last { get; private set; }

    /// <param name="value">Of the last minute.</param>
    public void Add(double value)
    {
        var outlier = Judge(value);
        if (outlier is not null == Raised)
        {
            _inARow = 0;
        }
        else if (++_inARow >= (Raised ? ToClear : ToRaise))
        {
            Raised = !Raised;
            _inARow = 0;
        }

        Last = outlier ?? (Raised ? Last : null);
        _values[_next] = (float)value;
        _next = (_next + 1) % Kept;
        _count = Math.Min(_count + 1, Kept);
    }

    /// <summary>Another run of the VM: what was usual before need not be now.</summary>
    public void Forget()
    {
        (_count, _next, _inARow, Raised, Last) = (0, 0, 0, false, null);
    }

    private Outlier? Judge(double value)
    {
        if (!IsReady)
        {
            return null;
        }

        Span<float> sorted = stackalloc float[Kept];
        sorted = sorted[.._count];
        _values.AsSpan(0, _count).CopyTo(sorted);
        var median = MedianOf(sorted);
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = (float)Math.Abs(sorted[i] - median);
        }

        var limit = deviations * Math.Max(NormalConsistency * MedianOf(sorted), floor);
        return Math.Abs(value - median) > limit ? new(value, median, limit) : null;
    }

    private static double MedianOf(Span<float> values)
    {
        values.Sort();
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + (double)values[middle]) / 2;
    }
}

/// <param name="Value">What was measured.</param>
/// <param name="Median">What is usual.</param>
/// <param name="Limit">How far from that is too far.</param>
internal sealed record Outlier(double Value, double Median, double Limit);
