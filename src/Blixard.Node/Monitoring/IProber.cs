using Blixard.StateMachine.State;

namespace Blixard.Node.Monitoring;

/// <summary>Puts a probe's question to a VM from outside.</summary>
internal interface IProber
{
    /// <summary>One try. Whatever the network says is an answer, not an exception.</summary>
    /// <exception cref="OperationCanceledException">As asked by <paramref name="cancellationToken"/>.</exception>
    Task<ProbeOutcome> TryAsync(Probe probe, CancellationToken cancellationToken);
}

/// <summary>What came of one try; the message is the same for the same cause, so that it is told once.</summary>
internal readonly record struct ProbeOutcome(bool Passed, string Message)
{
    public static ProbeOutcome Ok { get; } = new(true, "Network OK");

    public static ProbeOutcome Unreachable(string why) => new(false, "Network unreachable: " + why);
}
