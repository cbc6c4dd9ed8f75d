using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>
/// Sends a change again, under one key, while it is not known whether it was made: the cluster makes it once
/// (docs/decisions/0013). Not safe for concurrent use; one for each change.
/// </summary>
internal sealed class ChangeRetries(TimeProvider time)
{
    /// <summary>A node that is restarted, or a connection that was cut, needs a moment.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>At random; null: a node of the cluster is too old to know keys.</summary>
    public string? Key { get; private set; } = Guid.NewGuid().ToString("N");

    /// <summary>It was sent, and may have been made.</summary>
    public bool OutcomeUnknown { get; private set; }

    /// <summary>Whether to send it again, after an answer that is no success; pauses if so.</summary>
    public async Task<bool> AgainAsync(ProblemException problem, CancellationToken cancellationToken)
    {
        if (problem.Is(ProblemTypes.VersionGate) && !OutcomeUnknown && Key is not null)
        {
            // Nothing was done. Without a key it may be let through, and can't be sent again.
            Key = null;
            return true;
        }

        OutcomeUnknown |= problem.Is(ProblemTypes.OutcomeUnknown);

        // A node that knows no leader did nothing this time; what an earlier time came to is still worth knowing.
        return Key is not null
            && (problem.Is(ProblemTypes.OutcomeUnknown)
                || (OutcomeUnknown && (problem.Is(ProblemTypes.NoLeader) || problem.Is(ProblemTypes.NotReady))))
            && await PauseAsync(cancellationToken);
    }

    /// <summary>Whether to send it again, after a pause, when there was no answer.</summary>
    public async Task<bool> AgainAsync(EndpointUnreachableException failure, CancellationToken cancellationToken)
    {
        OutcomeUnknown |= failure.OutcomeUnknown;
        return Key is not null && OutcomeUnknown && await PauseAsync(cancellationToken);
    }

    private async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Pause, time, cancellationToken);
        return true;
    }
}
