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

    /// <summary>
    /// It was forwarded, and the leader did not take it: nothing of this attempt was appended or ever will be. May not be
    /// called where the answer is lost. On the host's loop: return at once.
    /// </summary>
    void Refused(ProposeStatus status);
}

/// <summary>For those that do wait.</summary>
internal sealed class AwaitedProposal : TaskCompletionSource<ProposeResult>, IProposalAnswer
{
    public AwaitedProposal()
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
    }

    public void Handed(ProposeResult result) => TrySetResult(result);

    /// <summary>Whoever awaits only the first word proposes again by the clock.</summary>
    public void Refused(ProposeStatus status)
    {
    }
}
