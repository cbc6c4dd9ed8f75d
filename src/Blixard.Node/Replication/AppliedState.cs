using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// The newest applied state of this node. Written by the apply loop only, read by anyone without a lock.
/// </summary>
internal sealed class AppliedState
{
    private readonly Pulse _published = new();
    private ClusterState _current = ClusterState.Empty;

    public ClusterState Current => Volatile.Read(ref _current);

    /// <summary>Completes at the next publication; take it before looking at <see cref="Current"/>.</summary>
    public Task NextPublication => _published.Next;

    /// <summary>Called only from the apply loop, with growing indexes.</summary>
    public void Publish(ClusterState state)
    {
        Volatile.Write(ref _current, state);
        _published.Fire();
    }

    /// <summary>A state that contains the entry at <paramref name="index"/>.</summary>
    public async Task<ClusterState> WaitForIndexAsync(ulong index, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = _published.Next;
            if (Current is var state && state.Index >= index)
            {
                return state;
            }

            await next.WaitAsync(cancellationToken);
        }
    }
}
