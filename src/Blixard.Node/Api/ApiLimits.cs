using Blixard.Node.Options;

namespace Blixard.Node.Api;

/// <summary>How much one request may ask for.</summary>
internal sealed record ApiLimits
{
    /// <summary>Of a request's body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024;

    /// <summary>Longest <c>wait</c>.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a read waits for this node to reach the index it must have.</summary>
    public TimeSpan CatchUp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Reads of /v1 at a time that wait for a quorum, for an index or for a change.</summary>
    public int MaxWaitingReads { get; init; } = ApiOptions.DefaultMaxWaitingReads;

    /// <summary>Event streams at a time.</summary>
    public int MaxEventStreams { get; init; } = 1024;

    /// <summary>An event stream without news sends an empty line this often.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A reader of events that takes nothing for this long is disconnected.</summary>
    public TimeSpan MaxStall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Readers of this host's journal at a time: each has every file of it mapped.</summary>
    public int MaxLogStreams { get; init; } = 64;

    /// <summary>Requests at a time that are passed on to other nodes.</summary>
    public int MaxRelays { get; init; } = 256;

    /// <summary>Another node is given up if it has not begun to answer by then.</summary>
    public TimeSpan RelayPatience { get; init; } = TimeSpan.FromSeconds(10);
}
