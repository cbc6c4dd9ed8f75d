using Blixard.Raft.Core;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Notices that this node was removed from its cluster: its own replica says so, or a member that will not talk to it.
/// It then says so wherever it is asked, and talks to nobody; it does not exit, because its service manager would only
/// start it again. What it has stays readable, for whoever wants to know what became of it.
/// </summary>
internal sealed partial class Removal : IDisposable
{
    private readonly MemberId _self;
    private readonly ReplicationEvents _events;
    private readonly ILogger<Removal> _log;
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _noticed;

    public Removal(MemberId self, ReplicationEvents events, ILogger<Removal> log)
    {
        (_self, _events, _log) = (self, events, log);
        events.Applied += OnApplied;
        events.Restored += Look;
    }

    /// <summary>For an operator.</summary>
    public const string Sentence = "This node was removed from its cluster and takes no part any more. To bring the host back, "
        + "stop it, move its data directory away, and join as a new member: `blixard cluster add` on another node prints how.";

    /// <summary>Raised once, on a thread of its own.</summary>
    public event Action? Noticed;

    /// <summary>It is no member any longer, and never will be again.</summary>
    public bool IsRemoved => Volatile.Read(ref _noticed) != 0;

    /// <summary>
    /// Ends when it was noticed. Nothing may reach the own replica from then on, the entry that says so included: what
    /// waits for the replica waits for this too.
    /// </summary>
    public Task WhenNoticed => _told.Task;

    /// <summary>Whether a member is this node.</summary>
    public bool IsAbout(ulong member) => member == _self.Value;

    /// <summary>It is so: a member says it, or the own replica. Any thread; only the first time counts.</summary>
    public void Notice()
    {
        if (Interlocked.Exchange(ref _noticed, 1) == 0)
        {
            LogRemoved(_self.ToString(), Sentence);
            _told.SetResult();

            // Not on the time of a connection or of the apply loop: both may be among what ends.
            _ = Task.Run(() => Noticed?.Invoke());
        }
    }

    public void Dispose()
    {
        _events.Applied -= OnApplied;
        _events.Restored -= Look;
    }

    private void OnApplied(ApplyOutcome outcome) => Look(outcome.State);

    private void Look(ClusterState state)
    {
        if (!IsRemoved && state.Membership.Removed.ContainsKey(_self.Value))
        {
            Notice();
        }
    }

    [LoggerMessage(LogLevel.Critical, "Member {Member}: {Reason}")]
    private partial void LogRemoved(string member, string reason);
}
