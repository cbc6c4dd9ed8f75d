namespace Blixard.Node.Identity;

/// <summary>
/// Is this node new to its cluster, as an empty data directory makes it believe, or has it lost its disk and got its old
/// id again (a list with <c>--bootstrap</c> left in place, a join token used twice)? Until that is known it says to its
/// peers that it is new, and those that know better do not listen to it: a vote of a member that forgot its votes reaches
/// nobody who could tell. See decision 0019. Safe for many threads.
/// </summary>
/// <param name="isNew">The identity says so: it has never asked to be registered.</param>
/// <param name="settle">Makes it durable that the node is not new any longer.</param>
internal sealed class Newcomer(bool isNew, Action settle)
{
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private volatile bool _isNew = isNew;

    /// <summary>Nothing of this node's can be in the replicated state yet.</summary>
    public bool IsNew => _isNew;

    /// <summary>Never completes, but fails with an <see cref="IdentityException"/> once <see cref="Lost"/> is called.</summary>
    public Task Fate => _lost.Task;

    /// <summary>
    /// The cluster does not know it. Durable when it returns, so that it is not taken for new after what comes next: its
    /// first registration.
    /// </summary>
    public void Settle()
    {
        lock (_gate)
        {
            if (_isNew)
            {
                settle();
                _isNew = false;
            }
        }
    }

    /// <summary>
    /// The cluster knows it, or a peer says so. Of no account once it is settled: then the peer has heard an old greeting.
    /// </summary>
    public void Lost(string node)
    {
        lock (_gate)
        {
            if (_isNew)
            {
                _lost.TrySetException(new IdentityException(
                    $"Node {node} has taken part in this cluster before, with the same member id and a disk that is lost. A "
                    + "member must not come back as itself without its log: a voter that forgot its votes could break the "
                    + $"cluster. {FirstStart.ComeBack(node)}"));
            }
        }
    }
}
