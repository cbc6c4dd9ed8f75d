using System.Collections.Frozen;
using System.Collections.Immutable;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Transport;
using Blixard.StateMachine.State;

namespace Blixard.Node.Hosting;

/// <summary>
/// Where the other members listen, for the transport. What this node's own configuration says of a member comes first,
/// for it is how a cluster is moved; then what the member registered with the cluster; until that is applied here, what
/// the identity says. A removed member is forgotten, and not let in again.
/// </summary>
internal sealed partial class MemberAddresses : IDisposable
{
    private readonly MemberId _self;
    private readonly AppliedState _applied;
    private readonly ReplicationEvents _events;
    private readonly Removal _removal;
    private readonly FrozenSet<MemberId> _configured;
    private readonly ILogger<MemberAddresses> _log;
    private readonly Lock _gate = new();
    private ImmutableHashSet<(MemberId, string)> _told = [];
    private Membership _known = Membership.Empty;
    private bool _ended;

    /// <summary>Made before the engine: what that restores from its snapshot is followed from the start.</summary>
    public MemberAddresses(
        NodeSettings settings,
        NodeIdentity identity,
        AppliedState applied,
        ReplicationEvents events,
        Removal removal,
        ILogger<MemberAddresses> log)
    {
        (_self, _applied, _events, _removal, _log) = (identity.Member, applied, events, removal, log);
        var configured = Configured(settings, identity);
        _configured = configured.Keys.ToFrozenSet();
        Directory = new PeerDirectory(Seeds(identity, configured));
        Directory.Learned += OnLearned;
        events.Applied += OnApplied;
        events.Restored += Follow;
        removal.Noticed += ForgetAll;
    }

    public PeerDirectory Directory { get; }

    /// <summary>For <see cref="TransportOptions.IsRemoved"/>.</summary>
    public bool IsRemoved(MemberId member) => _applied.Current.Membership.Removed.ContainsKey(member.Value);

    /// <summary>
    /// For <see cref="TransportOptions.HasTakenPart"/>: it has registered itself. What it acknowledged or voted for before
    /// that can't be known.
    /// </summary>
    public bool HasTakenPart(MemberId member) =>
        _applied.Current.Nodes.Values.Any(node => node.MemberId == member.Value && node.HasJoined);

    public void Dispose()
    {
        Directory.Learned -= OnLearned;
        _events.Applied -= OnApplied;
        _events.Restored -= Follow;
        _removal.Noticed -= ForgetAll;
    }

    private static FrozenDictionary<MemberId, PeerAddress> Configured(NodeSettings settings, NodeIdentity identity)
    {
        if (identity.Joined)
        {
            return FrozenDictionary<MemberId, PeerAddress>.Empty;
        }

        var peers = PeerList.Parse(settings.Cluster.Peers, new List<string>());
        return identity.Members
            .Select(member => (member, Peer: peers.FirstOrDefault(peer => peer.Name == member.Name)))
            .Where(pair => pair.Peer is not null)
            .ToFrozenDictionary(
                pair => pair.member.Member,
                pair => new PeerAddress(
                    pair.member.Member, pair.member.Name, pair.Peer!.Address.Host, pair.Peer.Address.Port));
    }

    private static IEnumerable<PeerAddress> Seeds(
        NodeIdentity identity, FrozenDictionary<MemberId, PeerAddress> configured)
    {
        foreach (var member in identity.Members)
        {
            if (configured.TryGetValue(member.Member, out var address))
            {
                yield return address;
            }
            else if (HostPort.TryParse(member.Address, out var known))
            {
                yield return new PeerAddress(member.Member, member.Name, known.Host, known.Port);
            }
        }
    }

    private void OnApplied(ApplyOutcome outcome)
    {
        if (!ReferenceEquals(outcome.State.Membership, _known)
            || outcome.Changes.Any(change => change.Entity == EntityKind.Node))
        {
            Follow(outcome.State);
        }
    }

    /// <summary>Called only from the apply loop.</summary>
    private void Follow(ClusterState state)
    {
        _known = state.Membership;
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            foreach (var node in state.Nodes.Values)
            {
                var member = new MemberId(node.MemberId);
                if (member != _self && !_configured.Contains(member) && HostPort.TryParse(node.RaftAddress, out var address))
                {
                    Directory.Set(new PeerAddress(member, node.Name, address.Host, address.Port));
                }
            }

            foreach (var removed in state.Membership.Removed.Keys)
            {
                Directory.Remove(new MemberId(removed));
            }
        }
    }

    /// <summary>This node is no member any longer: it stops talking to those that are.</summary>
    private void ForgetAll()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (var peer in Directory.All)
            {
                Directory.Remove(peer.Member);
            }
        }
    }

    /// <summary>
    /// It dials from where it is not known to be: its token was used on two hosts, or it moved without being told so.
    /// What is known stands.
    /// </summary>
    private void OnLearned(PeerAddress said)
    {
        if (Directory.Find(said.Member) is { } known && known != said
            && ImmutableInterlocked.Update(ref _told, told => told.Add((said.Member, $"{said.Host}:{said.Port}"))))
        {
            LogElsewhere(known, said.Host, said.Port);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Somebody who says it is {Peer} listens at {Host}:{Port}. Is its join token used on a "
        + "second host, or has it moved? A node that moves is removed and added again")]
    private partial void LogElsewhere(PeerAddress peer, string host, int port);
}
