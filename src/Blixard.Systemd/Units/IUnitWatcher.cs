namespace Blixard.Systemd.Units;

/// <summary>Tells of changes as systemd signals them, about 1 ms after they happen.</summary>
public interface IUnitWatcher
{
    /// <summary>
    /// Events of the units whose name matches any pattern (<c>*</c> and <c>?</c>), until cancelled. The first event is
    /// <see cref="Connected"/> or <see cref="Disconnected"/>. A lost connection is no end: the stream goes on with
    /// <see cref="Disconnected"/>, one per failed attempt, and <see cref="Reconnected"/>.
    /// </summary>
    IAsyncEnumerable<UnitEvent> WatchAsync(IReadOnlyList<string> patterns, CancellationToken cancellationToken);
}
