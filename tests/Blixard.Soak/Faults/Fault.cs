namespace Blixard.Soak.Faults;

/// <summary>One fault: something real is done to the cluster, and undone after a while.</summary>
/// <param name="Kind">By which it is counted.</param>
/// <param name="Where">For the log.</param>
/// <param name="Hosts">On which a command is run; no other fault may take their power at the same time.</param>
/// <param name="Hold">How long it lasts.</param>
/// <param name="Begin">Does it.</param>
/// <param name="End">Undoes it, whatever has become of it meanwhile.</param>
internal sealed record Fault(
    string Kind, string Where, IReadOnlyList<string> Hosts, TimeSpan Hold, Func<Task> Begin, Func<Task> End)
{
    /// <summary>It needs a majority to come to its end, so no other may come with it.</summary>
    public bool IsAlone { get; init; }

    public override string ToString() => $"{Kind} {Where} {Hold.TotalMilliseconds:F0} ms";
}
