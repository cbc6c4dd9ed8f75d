using System.Diagnostics;
using System.Threading.Channels;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Options;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// Owns this host's view. One loop takes what those beside it have found - a watch per manager, the questions to
/// hypervisors, the look at state directories - and samples resources; nothing in it waits. While a manager is away the
/// last view of its VMs stays readable and is marked stale.
/// </summary>
internal sealed partial class AgentLoop
{
    private readonly Live<AgentSettings> _settings;
    private readonly AgentBuses _buses;
    private readonly IVmSampler _sampler;
    private readonly HostHealth _health;
    private readonly GuestQueries _guests;
    private readonly MicroVmDirectory _directory;
    private readonly AgentViewStore _views;
    private readonly UnitReporter _reporter;
    private readonly AgentJournal _journal;
    private readonly AgentMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<AgentLoop> _logger;
    private readonly Channel<AgentEvent> _events = Channel.CreateUnbounded<AgentEvent>(new() { SingleReader = true });
    private readonly SortedDictionary<string, BusWatch> _watches = new(StringComparer.Ordinal);
    private long _asked;
    private long _answered;

    public AgentLoop(
        Live<AgentSettings> settings,
        AgentBuses buses,
        UnitInventory inventory,
        IVmSampler sampler,
        HostHealth health,
        GuestQueries guests,
        MicroVmDirectory directory,
        AgentViewStore views,
        UnitReporter reporter,
        AgentJournal journal,
        AgentMetrics metrics,
        TimeProvider time,
        ILogger<AgentLoop> logger)
    {
        (_settings, _buses, _sampler, _health) = (settings, buses, sampler, health);
        (_guests, _directory) = (guests, directory);
        (_views, _reporter, _journal, _metrics, _time, _logger) = (views, reporter, journal, metrics, time, logger);
        foreach (var bus in buses.All)
        {
            _watches.Add(bus.Name, new(bus, inventory, settings, views, _events.Writer, metrics, time));
        }

        views.Replace(AgentView.Of(_watches.Keys));
    }

    /// <summary>
    /// True if the loop has handled what it was asked by the call before, and so turns; asks it anew. One caller.
    /// </summary>
    public bool Turned()
    {
        var turned = Volatile.Read(ref _answered) == _asked;
        _events.Writer.TryWrite(new Asked(++_asked));
        return turned;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            .. Watches(stop.Token),
            SampleEveryAsync(stop.Token),
            LookAtDefinitionsAsync(stop.Token),
            _guests.RunAsync(_events.Writer, stop.Token),
            HandleAllAsync(stop.Token),
        ];
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

    /// <summary>In the order of their configuration, the system's first: it has the first word on a name.</summary>
    private IEnumerable<Task> Watches(CancellationToken cancellationToken)
    {
        var before = Task.CompletedTask;
        foreach (var bus in _buses.All)
        {
            var watch = _watches[bus.Name];
            yield return watch.RunAsync(before, cancellationToken);
            before = watch.Answered;
        }
    }

    private async Task SampleEveryAsync(CancellationToken cancellationToken)
    {
        using var timer = new LiveTimer<AgentSettings>(_settings, static settings => settings.SampleInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            _events.Writer.TryWrite(SampleDue.Instance);
        }
    }

    private async Task LookAtDefinitionsAsync(CancellationToken cancellationToken)
    {
        using var timer = new LiveTimer<AgentSettings>(_settings, static settings => settings.KeepAliveInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var known = _views.Current.Vms.Values.Select(vm => vm.Definition).OfType<DefinedVm>().ToArray();
            var changes = await Task.Run(() => _directory.Changes(known), cancellationToken);
            foreach (var problem in changes.Changed.Count > 0 ? changes.Problems : [])
            {
                LogDefinitionProblem(problem);
            }

            if (!changes.IsEmpty)
            {
                _events.Writer.TryWrite(new DefinitionsChanged(changes));
            }
        }
    }

    private async Task HandleAllAsync(CancellationToken cancellationToken)
    {
        while (await _events.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_events.Reader.TryRead(out var happened))
            {
                Handle(happened);
            }

            _guests.Follow(_views.Current);
            _reporter.Wake();
        }
    }

    private void Handle(AgentEvent happened)
    {
        switch (happened)
        {
            case UnitsSeen seen:
                Apply(seen);
                break;
            case UnitRefused(var bus, var unit):
                Replace(_views.Current.With(bus, unit));
                break;
            case BusListed listed:
                Apply(listed);
                break;
            case BusLost(var bus, var reason, var listing):
                if (listing)
                {
                    _journal.ListFailed(bus == AgentBus.SystemName ? reason : $"{bus}: {reason}");
                }

                MarkStale(bus, reason);
                break;
            case Asked(var number):
                Volatile.Write(ref _answered, number);
                break;
            case SampleDue:
                var started = _time.GetTimestamp();
                _views.ReplaceSwept(_health.Judge(_sampler.Sample(_views.Current)));
                _metrics.Swept(_time.GetElapsedTime(started));
                break;
            case DefinitionsChanged(var changes):
                Apply(changes);
                break;
            case GuestAnswered(var name, var facts):
                if (_views.Current.Vms.GetValueOrDefault(name) is { } vm && vm.MainPid == facts.MainPid)
                {
                    Replace(vm with { Guest = facts });
                }

                break;
            default:
                throw new UnreachableException($"{happened.GetType().Name} is not handled");
        }
    }

    private void Apply(UnitsSeen seen)
    {
        var view = _views.Current;
        var scope = _buses.All.First(bus => bus.Name == seen.Bus).Scope;
        foreach (var change in seen.Changes)
        {
            if (MicroVmUnits.Parse(change.Unit, scope) is VmUnit unit
                && view.Vms.TryGetValue(unit.VmName, out var vm)
                && vm.Bus == seen.Bus
                && change.Monotonic > vm.Monotonic)
            {
                view = view with { Vms = view.Vms.SetItem(vm.Name, Changed(vm, change)) };
            }
        }

        foreach (var reading in seen.Readings)
        {
            var known = view.Vms.GetValueOrDefault(reading.Name);
            if (known is null || reading.Vm is null || !known.SaysTheSame(reading.Vm.After(known))
                || known.ControlGroup != reading.Vm.ControlGroup)
            {
                view = view.With(seen.Bus, reading);
            }
        }

        if (!ReferenceEquals(view, _views.Current))
        {
            Replace(view);
        }
    }

    private static AgentVm Changed(AgentVm vm, UnitStateChange change) => vm with
    {
        State = VmStates.FromUnit(change.ActiveState, change.SubState),
        SubState = change.SubState,
        Since = change.ChangedAt,
        Monotonic = change.Monotonic,
    };

    private void Apply(BusListed listed)
    {
        var before = _views.Current;
        var was = before.Buses[listed.Bus];
        var drift = listed.Periodic && was.StaleSince is null ? CountDrift(before, listed) : 0;
        var now = before.WithList(listed.Bus, listed.Listing);
        Replace(_health.Judge(_sampler.Sample(now)));
        _metrics.Listed(drift);
        _journal.Listed(listed.Took, listed.Listing.Vms.Count, drift);
        if (drift > 0)
        {
            LogDrift(listed.Bus, drift);
        }

        if (was.StaleSince is not null)
        {
            LogBack(listed.Bus, listed.Listing.Vms.Count);
        }

        _reporter.RetryRefused();
    }

    /// <summary>What the list found otherwise than signals had told.</summary>
    private static int CountDrift(AgentView before, BusListed listed)
    {
        var drift = 0;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var vm in listed.Listing.Vms)
        {
            names.Add(vm.Name);
            var known = before.Vms.GetValueOrDefault(vm.Name);
            var differs = known is null
                || (known.Bus == listed.Bus && (known.State != vm.State || known.Monotonic != vm.Monotonic));
            drift += differs && !listed.Explained.Contains(vm.Name) ? 1 : 0;
        }

        return drift + before.Vms.Values.Count(vm =>
            vm.Bus == listed.Bus && !names.Contains(vm.Name) && !listed.Explained.Contains(vm.Name));
    }

    private void Apply(DefinitionChanges changes)
    {
        var view = _views.Current;
        var system = _buses.All[0];
        foreach (var definition in changes.Changed)
        {
            var known = view.Vms.GetValueOrDefault(definition.Name);
            var candidate = UnitInventory.Inactive(system, definition.Name, definition);
            view = known?.Definition is null && known?.Bus != system.Name
                ? view.With(system.Name, new UnitReading(definition.Name, candidate))
                : view with { Vms = view.Vms.SetItem(definition.Name, known! with { Definition = definition }) };
        }

        foreach (var name in changes.Gone)
        {
            if (view.Vms.TryGetValue(name, out var vm) && vm.Definition is not null)
            {
                // Whether its unit is still there is for the manager to say.
                view = view with { Vms = view.Vms.SetItem(name, vm with { Definition = null }) };
                _watches[vm.Bus].ListSoon();
            }
        }

        Replace(view);
    }

    private void MarkStale(string bus, string reason)
    {
        var view = _views.Current;
        var was = view.Buses[bus];
        if (was.StaleSince is not null)
        {
            return;
        }

        Replace(view.Lose(bus, _time.GetUtcNow(), reason));
        if (bus == AgentBus.SystemName)
        {
            LogStale(reason);
        }
        else if (was.Listed)
        {
            LogUserStale(bus, reason);
        }
        else
        {
            LogUserAbsent(bus, reason);
        }
    }

    private void Replace(AgentVm vm)
    {
        var view = _views.Current;
        _views.Replace(view with { Vms = view.Vms.SetItem(vm.Name, vm) });
    }

    /// <summary>
    /// Tells of units that are refused from now on, and has those looked for whose name has become free.
    /// </summary>
    private void Replace(AgentView view)
    {
        var before = _views.Current;
        _views.Replace(view);
        foreach (var (name, bus) in view.Buses)
        {
            var was = before.Buses[name].Refused;
            if (ReferenceEquals(was, bus.Refused))
            {
                continue;
            }

            foreach (var (unit, reason) in bus.Refused.Where(unit => !was.ContainsKey(unit.Key)))
            {
                LogRefused(AgentBus.Qualified(name, unit), reason);
            }
        }

        if (view.Buses.Values.All(bus => bus.Refused.Count == 0))
        {
            return;
        }

        foreach (var gone in before.Vms.Values.Where(vm => !view.Vms.ContainsKey(vm.Name)))
        {
            foreach (var bus in _buses.All.Where(bus => bus.Name != gone.Bus
                && view.Buses[bus.Name].Refused.ContainsKey(MicroVmUnits.UnitOf(gone.Name, bus.Scope))))
            {
                _watches[bus.Name].ListSoon();
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "systemd can't be reached, the view of this host is stale: {Reason}")]
    private partial void LogStale(string reason);

    [LoggerMessage(LogLevel.Warning, "VMs of {Bus} can't be seen any more, trying again: {Reason}")]
    private partial void LogUserStale(string bus, string reason);

    [LoggerMessage(LogLevel.Information, "VMs of {Bus} can't be seen yet, trying again: {Reason}")]
    private partial void LogUserAbsent(string bus, string reason);

    [LoggerMessage(LogLevel.Information, "{Bus}: systemd answers again, {Count} VMs listed")]
    private partial void LogBack(string bus, int count);

    [LoggerMessage(LogLevel.Warning, "The full list of the {Bus} differs from what signals told in {Drift} VMs")]
    private partial void LogDrift(string bus, int drift);

    [LoggerMessage(LogLevel.Warning, "Unit {Unit} is not taken for a VM: {Reason}")]
    private partial void LogRefused(string unit, string reason);

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogDefinitionProblem(string problem);
}
