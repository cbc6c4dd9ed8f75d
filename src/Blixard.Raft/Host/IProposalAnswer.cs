using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// Whoever proposed. Told rather than awaited: most have nothing to do until the command is applied, and waking them
/// before costs more than handling the proposal.
/// </summary>
public interface IProposalAnswer
{
    /// <summary>Whether it was appended or forwarded. Called once, on the host's loop: return at once.</summary>
    void Handed(ProposeResult result);
}

/// <summary>For those that do wait.</summary>
internal sealed class AwaitedProposal : TaskCompletionSource<ProposeResult>, IProposalAnswer
{
    public AwaitedProposal()
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
    }

    public void Handed(ProposeResult result) => TrySetResult(result);
}
