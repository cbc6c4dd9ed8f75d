using System.Threading.Channels;
using Blixard.Node.Options;
using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// Looks at one manager for the agent's loop, which it tells what it finds: by systemd's signals at once, by a full
/// list when signals may have been missed and every few minutes all the same. Every question to systemd is asked here,
/// so that a manager that does not answer keeps only its own VMs waiting.
/// </summary>
internal sealed class BusWatch(
    AgentBus bus,
    UnitInventory inventory,
    Live<AgentSettings> settings,
    AgentViewStore views,
    ChannelWriter<AgentEvent> loop,
    AgentMetrics metrics,
    TimeProvider time)
{
    // Few enough to be read from systemd before the change is told; more are told first.
    private const int RefreshBeforeTelling = 8;

    // Signals that arrive meanwhile wait for no longer than these readings take, some 3 ms each.
    private const int ReadTogether = 16;

    private static readonly TimeSpan ListRetry = TimeSpan.FromSeconds(1);

    private readonly Channel<Input> _inputs = Channel.CreateUnbounded<Input>(new() { SingleReader = true });
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Of the task that handles the inputs.
    private readonly Dictionary<string, UnitStateChange> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VmUnit> _toRead = new(StringComparer.Ordinal);
    private bool _connected;
    private bool? _listDue;
    private string? _lost;

    /// <summary>Completes when the loop was told for the first time how it stands with this bus.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Has everything listed anew, soon. Any thread.</summary>
    public void ListSoon() => _inputs.Writer.TryWrite(new(null, Periodic: false));

    /// <param name="after">
    /// Begins with this: which of two buses has a name first must not depend on which of them answers sooner.
    /// </param>
    public async Task RunAsync(Task after, CancellationToken cancellationToken)
    {
        await after.WaitAsync(cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var retry = time.CreateTimer(
            _ => ListSoon(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Task[] tasks = [WatchAsync(stop.Token), ListEveryAsync(stop.Token), HandleAllAsync(retry, stop.Token)];
        try
        {
            await await Task.WhenAny(tasks);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(tasks)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        await foreach (var said in bus.Watcher.WatchAsync(MicroVmUnits.Patterns(bus.Scope), cancellationToken))
        {
            _inputs.Writer.TryWrite(new(said, Periodic: false));
        }
    }

    private async Task ListEveryAsync(CancellationToken cancellationToken)
    {
        using var timer = new LiveTimer<AgentSettings>(settings, static settings => settings.FullListInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            _inputs.Writer.TryWrite(new(null, Periodic: true));
        }
    }

    private async Task HandleAllAsync(ITimer retry, CancellationToken cancellationToken)
    {
        while (await _inputs.Reader.WaitToReadAsync(cancellationToken))
        {
            do
            {
                // All that is waiting first: of many signals about one unit only the last is worth a question.
                Drain();
                if (_lost is { } reason)
                {
                    _lost = null;
                    Tell(new BusLost(bus.Name, reason, Listing: false));
                }

                var list = _connected ? _listDue : null;
                _listDue = null;
                if (list is { } periodic)
                {
                    await ListAsync(periodic, retry, cancellationToken);
                }

                await ReadSomeAsync(retry, cancellationToken);
            }
            while (_toRead.Count > 0 || _lost is not null || _listDue is not null);
        }
    }

    private void Drain()
    {
        while (_inputs.Reader.TryRead(out var input))
        {
            switch (input.Said)
            {
                case null:
                    _listDue = input.Periodic && _listDue is not false;
                    break;
                case UnitChanged(var change):
                    metrics.EventSeen();
                    if (Wanted(change.Unit))
                    {
                        _changes[change.Unit] = change;
                    }

                    break;
                case UnitGone(var unit):
                    Wanted(unit);
                    break;
                case Disconnected(var reason, _):
                    metrics.Disconnected();
                    _connected = false;
                    _lost = reason;
                    break;
                case { ListAgain: true }:
                    _connected = true;
                    _listDue = false;
                    break;
            }
        }
    }

    /// <summary>Notes that a unit has to be read; false if it is none of a VM.</summary>
    private bool Wanted(string unit)
    {
        switch (MicroVmUnits.Parse(unit, bus.Scope))
        {
            case VmUnit vm:
                _toRead[vm.VmName] = vm;
                return true;
            case RefusedVmUnit refused:
                Tell(new UnitRefused(bus.Name, refused));
                return false;
            default:
                return false;
        }
    }

    private async Task ListAsync(bool periodic, ITimer retry, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            // Where signals may have been missed, or unit files read anew, nothing that is known counts.
            var known = periodic ? views.Current.Vms : null;
            var listing = await inventory.ListAsync(bus, known, cancellationToken);

            // What was signalled while it was taken is no news by the list alone.
            Drain();
            Tell(new BusListed(
                bus.Name,
                listing,
                periodic,
                _toRead.Keys.ToHashSet(StringComparer.Ordinal),
                time.GetElapsedTime(started)));
        }
        catch (SystemdUnavailableException e)
        {
            Tell(new BusLost(bus.Name, e.Message, Listing: true));
            retry.Change(ListRetry, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The state as the signals carried it; everything else is read from systemd right after.</summary>
    private async Task ReadSomeAsync(ITimer retry, CancellationToken cancellationToken)
    {
        if (_toRead.Count > RefreshBeforeTelling)
        {
            TellChanges([]);
        }

        var readings = new List<UnitReading>();
        try
        {
            foreach (var unit in _toRead.Values.Take(ReadTogether).ToArray())
            {
                readings.Add(new(unit.VmName, await inventory.ReadAsync(bus, unit, cancellationToken)));
                _toRead.Remove(unit.VmName);
            }

            TellChanges(readings);
        }
        catch (SystemdUnavailableException e)
        {
            // The watch notices too, and has everything listed again once systemd is back.
            TellChanges(readings);
            _toRead.Clear();
            Tell(new BusLost(bus.Name, e.Message, Listing: false));
            retry.Change(ListRetry, Timeout.InfiniteTimeSpan);
        }
    }

    private void TellChanges(List<UnitReading> readings)
    {
        if (_changes.Count > 0 || readings.Count > 0)
        {
            Tell(new UnitsSeen(bus.Name, [.. _changes.Values], readings));
            _changes.Clear();
        }
    }

    private void Tell(AgentEvent happened)
    {
        loop.TryWrite(happened);
        if (happened is BusListed or BusLost)
        {
            _answered.TrySetResult();
        }
    }

    /// <param name="Said">Null: a full list is due.</param>
    /// <param name="Periodic">By the clock.</param>
    private readonly record struct Input(UnitEvent? Said, bool Periodic);
}
