namespace Blixard.Linearizability;

/// <summary>How much a check may cost before it gives up.</summary>
/// <param name="Steps">
/// Operations tried, at most; the same history always takes the same number. A step is some 100 ns.
/// </param>
/// <param name="Time">And at most this long, if given; then the verdict depends on the machine too.</param>
public sealed record Bound(long Steps, TimeSpan? Time = null)
{
    /// <summary>Some seconds.</summary>
    public static Bound Default { get; } = new(20_000_000);
}

/// <summary>
/// What a check found. Only <see cref="Linearizable"/> is a success: whoever gave up has shown nothing.
/// </summary>
/// <param name="Steps">What it cost.</param>
public abstract record Verdict(long Steps)
{
    public bool IsLinearizable => this is Linearizable;
}

/// <summary>There is an order that explains every answer.</summary>
public sealed record Linearizable(long Steps) : Verdict(Steps);

/// <summary>The bound was reached: nothing is known. Callers treat it as a failure.</summary>
public sealed record GaveUp(long Steps) : Verdict(Steps)
{
    public override string ToString() => $"gave up after {Steps} steps: nothing is known of this history";
}

/// <summary>
/// No order explains the answers. Numbers of operations are their places in the list that was given.
/// </summary>
/// <param name="Steps">What it cost, the explanation included.</param>
/// <param name="BrokenBy">
/// The operation at whose completion the history stopped being linearizable: all that had completed before can still be
/// explained.
/// </param>
/// <param name="Prefix">The longest order found that explains a part of what had completed until then.</param>
/// <param name="Unplaced">Operations that had to come next, none of which fits there.</param>
/// <param name="Text">The same for people, several lines.</param>
public sealed record Violation(
    long Steps, int BrokenBy, IReadOnlyList<int> Prefix, IReadOnlyList<int> Unplaced, string Text) : Verdict(Steps)
{
    public override string ToString() => Text;
}
