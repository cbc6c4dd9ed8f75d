using Blixard.Node.Replication;
using Blixard.Raft.Host;

namespace Blixard.Node.Api;

/// <summary>
/// How long this node has been without a leader: what a stale answer says about its age. A member forgets a leader that
/// is silent for an election timeout, so "now" is right to within that.
/// </summary>
internal sealed class LeaderContact : IDisposable
{
    private readonly IRaftEngine _engine;
    private readonly ReplicationEvents _events;
    private readonly TimeProvider _time;
    private readonly Pulse _changed = new();
    private readonly Lock _gate = new();
    private bool _ever;
    private long? _lostAt;

    public LeaderContact(IRaftEngine engine, ReplicationEvents events, TimeProvider time)
    {
        (_engine, _events, _time) = (engine, events, time);
        events.LeaderChanged += OnLeaderChanged;
        OnLeaderChanged(engine.Status);
    }

    /// <summary>Zero while there is a leader; null if there never was one.</summary>
    public TimeSpan? Age
    {
        get
        {
            lock (_gate)
            {
                return !_ever ? null
                    : _lostAt is { } lostAt && _engine.Status.Leader.IsNone ? _time.GetElapsedTime(lostAt)
                    : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Completes when leader, role or term change; take it before looking at the status.</summary>
    public Task NextChange => _changed.Next;

    public void Dispose() => _events.LeaderChanged -= OnLeaderChanged;

    private void OnLeaderChanged(RaftStatus status)
    {
        lock (_gate)
        {
            _ever |= !status.Leader.IsNone;
            _lostAt = status.Leader.IsNone ? _lostAt ?? _time.GetTimestamp() : null;
        }

        _changed.Fire();
    }
}
