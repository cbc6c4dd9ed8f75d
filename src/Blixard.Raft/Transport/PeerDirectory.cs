using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

/// <summary>How a member is reached.</summary>
/// <param name="Name">As operators call it; for logs.</param>
/// <param name="Host">A name or an address; a name is resolved anew for each connection.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record PeerAddress(MemberId Member, string Name, string Host, int Port)
{
    public override string ToString() => $"{Name} ({Host}:{Port})";
}

/// <summary>
/// Where the members listen; it changes while the cluster runs, and the transport's links follow at once. What was set
/// (from the configuration or from replicated state) stands until it is set again; what a member says of itself when it
/// dials fills the gaps. Safe for many threads.
/// </summary>
public sealed class PeerDirectory
{
    private readonly Lock _gate = new();
    private ImmutableSortedDictionary<MemberId, PeerAddress> _peers;
    private ImmutableHashSet<MemberId> _learned = [];
    private Action<MemberId, PeerAddress?>? _changed;

    public PeerDirectory(IEnumerable<PeerAddress> peers) => _peers = peers.ToImmutableSortedDictionary(
        peer => peer.Member, peer => peer);

    /// <summary>As of now, by ascending id.</summary>
    public IReadOnlyCollection<PeerAddress> All => [.. Volatile.Read(ref _peers).Values];

    /// <summary>
    /// A member that dialled named an address that was not known, or is not the one that was set. Handlers return at
    /// once: they run on the connection's thread.
    /// </summary>
    public event Action<PeerAddress>? Learned;

    /// <summary>Null: not known.</summary>
    public PeerAddress? Find(MemberId member) => Volatile.Read(ref _peers).GetValueOrDefault(member);

    /// <summary>Adds the member, or replaces its address: an open connection to the old one is closed.</summary>
    public void Set(PeerAddress address)
    {
        lock (_gate)
        {
            _learned = _learned.Remove(address.Member);
            Put(address);
        }
    }

    /// <summary>
    /// Forgets the member and closes its connections, in both directions. It may dial again, unless
    /// <see cref="TransportOptions.IsRemoved"/> says that it was removed for good.
    /// </summary>
    public void Remove(MemberId member)
    {
        lock (_gate)
        {
            if (_peers.ContainsKey(member))
            {
                _learned = _learned.Remove(member);
                Volatile.Write(ref _peers, _peers.Remove(member));
                _changed?.Invoke(member, null);
            }
        }
    }

    /// <summary>What a member that dialled says of itself.</summary>
    internal void Learn(MemberId member, string host, int port)
    {
        PeerAddress address;
        lock (_gate)
        {
            var known = _peers.GetValueOrDefault(member);
            if (known is not null && known.Host == host && known.Port == port)
            {
                return;
            }

            address = new(member, known?.Name ?? $"{member}", host, port);
            if (known is null || _learned.Contains(member))
            {
                _learned = _learned.Add(member);
                Put(address);
            }
        }

        Learned?.Invoke(address);
    }

    /// <summary>
    /// Tells of every member now and of every change from here on, in order; null: removed. The watcher returns at
    /// once.
    /// </summary>
    internal void Watch(Action<MemberId, PeerAddress?> changed)
    {
        lock (_gate)
        {
            foreach (var (member, address) in _peers)
            {
                changed(member, address);
            }

            _changed += changed;
        }
    }

    internal void Unwatch(Action<MemberId, PeerAddress?> changed)
    {
        lock (_gate)
        {
            _changed -= changed;
        }
    }

    private void Put(PeerAddress address)
    {
        if (_peers.GetValueOrDefault(address.Member) != address)
        {
            Volatile.Write(ref _peers, _peers.SetItem(address.Member, address));
            _changed?.Invoke(address.Member, address);
        }
    }
}
