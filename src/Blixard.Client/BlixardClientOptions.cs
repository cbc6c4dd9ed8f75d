namespace Blixard.Client;

public sealed record BlixardClientOptions
{
    public required Endpoint Endpoint { get; init; }

    /// <summary>For a connection to be made.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// For a whole answer; a waiting read adds its <see cref="ReadOptions.Wait"/>. Longer than the server's own limit
    /// for a proposal, so that its <c>outcome-unknown</c> arrives.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>For the ready record at the head of an event stream.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A change is sent with an <c>Idempotency-Key</c>, and again while it is not known whether it was made, within
    /// <see cref="Timeout"/>. Otherwise the caller is told that the outcome is unknown.
    /// </summary>
    public bool RetriesChanges { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
