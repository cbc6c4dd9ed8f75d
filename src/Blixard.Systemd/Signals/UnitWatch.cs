using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Signals;

/// <summary>
/// One watch: turns signals into events. Of about 15 signals per start it leaves the three or so that are changes, and
/// nothing of the storm of removals that a daemon-reload is.
/// </summary>
internal sealed class UnitWatch : ISignalListener
{
    private readonly string[] _patterns;
    private readonly Channel<UnitEvent> _events;
    private readonly Dictionary<string, UnitStateChange> _known = new(StringComparer.Ordinal);
    private bool _reloading;
    private int _lost;

    public UnitWatch(IReadOnlyList<string> patterns, int capacity)
    {
        UnitNames.ThrowIfInvalidPatterns(patterns);
        _patterns = [.. patterns];
        _events = Channel.CreateBounded<UnitEvent>(
            new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
    }

    public bool Wants(string unit) => UnitNames.Matches(_patterns, unit);

    public void OnConnected(bool again)
    {
        // The other side may be another boot of the manager: what we knew of its clock means nothing.
        _known.Clear();
        _reloading = false;
        Emit(again ? new Reconnected() : new Connected());
    }

    public void OnDisconnected(string reason, TimeSpan retryIn) => Emit(new Disconnected(reason, retryIn));

    public void OnSignal(ManagerSignal signal)
    {
        switch (signal)
        {
            case UnitPropertiesSignal { Change: var change } when Wants(change.Unit) && IsNews(change):
                _known[change.Unit] = change;
                Emit(new UnitChanged(change));
                break;

            // A unit of which no change was seen was only loaded to be looked at.
            case UnitRemovedSignal { Unit: var unit } when !_reloading && _known.Remove(unit):
                Emit(new UnitGone(unit));
                break;

            case ReloadingSignal { Begins: true }:
                _reloading = true;
                break;

            case ReloadingSignal:
            case ManagerReturnedSignal:
                // What is known stays: systemd carries the times of changes over.
                _reloading = false;
                Emit(new Reloaded());
                break;
        }
    }

    public void OnClosed(Exception? bug) => _events.Writer.TryComplete(bug);

    /// <summary>The events in order; ends when the hub is closed.</summary>
    public async IAsyncEnumerable<UnitEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await _events.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_events.Reader.TryRead(out var next))
            {
                yield return next;
            }

            // Events are lost only while the channel is full, so there was something to read since.
            if (Interlocked.Exchange(ref _lost, 0) != 0)
            {
                yield return new EventsLost();
            }
        }
    }

    /// <summary>
    /// The monotonic time of a unit's last change is its version: it grows with every change. 0 is a unit that was just
    /// loaded, and nothing happened to it yet.
    /// </summary>
    private bool IsNews(UnitStateChange change) => change.Monotonic != 0
        && (!_known.TryGetValue(change.Unit, out var known)
            || change.Monotonic > known.Monotonic
            || (change.Monotonic == known.Monotonic
                && (change.ActiveState != known.ActiveState || change.SubState != known.SubState)));

    private void Emit(UnitEvent next)
    {
        if (!_events.Writer.TryWrite(next))
        {
            Interlocked.Exchange(ref _lost, 1);
        }
    }
}
