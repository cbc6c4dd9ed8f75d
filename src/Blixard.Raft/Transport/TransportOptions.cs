using System.Net;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

/// <summary>Constants of one member's transport.</summary>
public sealed record TransportOptions
{
    public required ulong ClusterId { get; init; }

    public required MemberId Self { get; init; }

    /// <summary>Where peers connect to. Port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>
    /// Where others reach this member, as it tells them when it dials. Empty: the address of <see cref="Listen"/>, or
    /// nothing if that is every address of the host.
    /// </summary>
    public string AdvertisedHost { get; init; } = "";

    /// <summary>Goes with <see cref="AdvertisedHost"/>; 0: the port of <see cref="Listen"/>.</summary>
    public int AdvertisedPort { get; init; }

    /// <summary>
    /// True for members that were removed and must not be heard again: asked for each connection that comes in, by any
    /// thread. Everyone else who names this cluster is welcome, because a configuration may reach a member later than
    /// those whom it adds.
    /// </summary>
    public Func<MemberId, bool> IsRemoved { get; init; } = static _ => false;

    /// <summary>
    /// Called when a peer will not talk to this member because it was removed; by any thread, again and again for as
    /// long as the peer is dialled.
    /// </summary>
    public Action SelfRemoved { get; init; } = static () => { };

    /// <summary>
    /// True for members that have taken part in this cluster, as far as is known here: not welcome if they say that they
    /// are new. Asked for each connection that comes in, by any thread.
    /// </summary>
    public Func<MemberId, bool> HasTakenPart { get; init; } = static _ => false;

    /// <summary>What this member says of itself when it dials; asked each time, by any thread.</summary>
    public Func<bool> SelfIsNew { get; init; } = static () => false;

    /// <summary>
    /// Called when a peer will not listen to this member because it says that it is new, and is not; by any thread, again
    /// and again.
    /// </summary>
    public Action SelfIsKnown { get; init; } = static () => { };

    /// <summary>Messages that may wait for one peer.</summary>
    public int MaxQueuedMessages { get; init; } = 4096;

    /// <summary>Their payload bytes.</summary>
    public long MaxQueuedBytes { get; init; } = 64 << 20;

    /// <summary>First pause after a failed dial; doubled up to <see cref="MaxBackoff"/>, each with jitter.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For connecting and for the handshake.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A link on which written bytes stay unacknowledged, or keep-alive probes unanswered, for this long is dead.
    /// </summary>
    public TimeSpan DeadLinkTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes per second that all snapshots on their way out may take together.</summary>
    public long SnapshotBytesPerSecond { get; init; } = 64 << 20;

    /// <summary>Bytes of a snapshot that may be on the way without a sign of the receiver.</summary>
    public long SnapshotWindowBytes { get; init; } = 4 << 20;

    /// <summary>A snapshot transfer that makes no progress for this long has failed.</summary>
    public TimeSpan SnapshotStallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
