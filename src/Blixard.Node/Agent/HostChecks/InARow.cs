namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// A result that turns only after so many of the other kind in a row, so that one lost packet is no failure and one
/// answer no recovery.
/// </summary>
/// <param name="failures">To turn from passing to failing; at least 1.</param>
/// <param name="successes">To turn back; at least 1.</param>
/// <param name="passes">What is taken to be so at first.</param>
internal sealed class InARow(int failures, int successes, bool passes)
{
    private int _other;

    public bool Passes { get; private set; } = passes;

    /// <summary>What holds after one more result.</summary>
    public bool Take(bool passed)
    {
        _other = passed == Passes ? 0 : _other + 1;
        if (_other >= (Passes ? failures : successes))
        {
            (Passes, _other) = (!Passes, 0);
        }

        return Passes;
    }
}
