using System.Runtime.CompilerServices;
using Blixard.Systemd.Signals;

namespace Blixard.Systemd.Units;

/// <summary>Watches, each for as long as it is read.</summary>
internal sealed class UnitWatcher(SignalHub hub, int capacity) : IUnitWatcher
{
    public IAsyncEnumerable<UnitEvent> WatchAsync(IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        // Bad patterns are refused here and now, not at the first read.
        var watch = new UnitWatch(patterns, capacity);
        return ReadAsync(watch, cancellationToken);
    }

    private async IAsyncEnumerable<UnitEvent> ReadAsync(
        UnitWatch watch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        hub.Add(watch);
        try
        {
            await foreach (var next in watch.ReadAsync(cancellationToken))
            {
                yield return next;
            }
        }
        finally
        {
            hub.Remove(watch);
        }
    }
}
