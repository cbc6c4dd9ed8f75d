using System.Collections.Concurrent;
using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>Who follows the events now. Bounded: each holds a connection and a buffer.</summary>
internal sealed class EventStreams(ApiLimits limits, TimeProvider time)
{
    private readonly ConcurrentDictionary<Guid, LocalEventListener> _open = new();

    public int Count => _open.Count;

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<LocalEventListener> Listeners =>
        [.. _open.Values.OrderBy(listener => listener.Since).ThenBy(listener => listener.Uuid, StringComparer.Ordinal)];

    /// <summary>Dispose it when the stream ends.</summary>
    /// <param name="remote"><c>address:port</c>, or "unix".</param>
    /// <exception cref="ApiException">There are too many.</exception>
    public OpenStream Open(string remote)
    {
        var id = Guid.NewGuid();
        _open[id] = new LocalEventListener { Uuid = id.ToString(), Since = time.GetUtcNow(), Remote = remote };
        if (_open.Count > limits.MaxEventStreams)
        {
            Close(id);
            throw new ApiException(Problems.Overloaded(
                $"{limits.MaxEventStreams} event streams are open on this node already; try another node."));
        }

        return new OpenStream(this, id);
    }

    private void Close(Guid id) => _open.TryRemove(id, out _);

    internal sealed class OpenStream(EventStreams streams, Guid id) : IDisposable
    {
        public Guid Id { get; } = id;

        public void Dispose() => streams.Close(Id);
    }
}
