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

    /// <summary>A snapshot transfer that makes no progress for this long has failed.</summary>
    public TimeSpan SnapshotStallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
