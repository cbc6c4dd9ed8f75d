using System.Threading.Channels;
using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// Keeps the view of this host right: by systemd's signals at once, by a full list when signals may have been missed
/// and every few minutes all the same, by sampling in between. One loop owns the view. While systemd is away the last
/// view stays readable and is marked stale.
/// </summary>
internal sealed partial class AgentLoop(
    AgentSettings settings,
    IUnitWatcher watcher,
    UnitInventory inventory,
    IVmSampler sampler,
    AgentViewStore views,
    UnitReporter reporter,
    AgentJournal journal,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<AgentLoop> logger)
{
    // Few enough to be read from systemd before the change is told; more are told first.
    private const int RefreshBeforeTelling = 8;

    private static readonly TimeSpan ListRetry = TimeSpan.FromSeconds(1);

    private readonly Channel<AgentEvent> _events = Channel.CreateUnbounded<AgentEvent>(new() { SingleReader = true });
    private readonly Dictionary<string, VmUnit> _toRefresh = new(StringComparer.Ordinal);
    private bool _listAgainDue;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            WatchAsync(stop.Token),
            EveryAsync(settings.SampleInterval, SampleDue.Instance, stop.Token),
            EveryAsync(settings.FullListInterval, new ListDue(Periodic: true), stop.Token),
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

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        await foreach (var said in watcher.WatchAsync(MicroVmUnits.Patterns(UnitScope.System), cancellationToken))
        {
            _events.Writer.TryWrite(new SystemdSaid(said));
        }
    }

    private async Task EveryAsync(TimeSpan interval, AgentEvent due, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            _events.Writer.TryWrite(due);
        }
    }

    private async Task HandleAllAsync(CancellationToken cancellationToken)
    {
        var reader = _events.Reader;
        while (await reader.WaitToReadAsync(cancellationToken))
        {
            // All that is waiting first: of many signals about one unit only the last is worth a question to systemd.
            while (reader.TryRead(out var happened))
            {
                await HandleAsync(happened, cancellationToken);
            }

            if (_toRefresh.Count > RefreshBeforeTelling)
            {
                reporter.Wake();
            }

            await RefreshAsync(cancellationToken);
            reporter.Wake();
        }
    }

    private async Task HandleAsync(AgentEvent happened, CancellationToken cancellationToken)
    {
        switch (happened)
        {
            case SystemdSaid { Event: UnitChanged(var change) }:
                metrics.EventSeen();
                Apply(change);
                break;
            case SystemdSaid { Event: UnitGone(var unit) }:
                if (MicroVmUnits.Parse(unit, UnitScope.System) is VmUnit gone)
                {
                    _toRefresh[gone.VmName] = gone;
                }

                break;
            case SystemdSaid { Event: Disconnected(var reason, _) }:
                metrics.Disconnected();
                MarkStale(reason);
                break;
            case SystemdSaid { Event: { ListAgain: true } }:
                await ListAsync(periodic: false, cancellationToken);
                break;
            case ListDue(var periodic):
                await ListAsync(periodic, cancellationToken);
                break;
            case SampleDue:
                var started = time.GetTimestamp();
                views.Replace(sampler.Sample(views.Current));
                metrics.Swept(time.GetElapsedTime(started));
                break;
        }
    }

    /// <summary>The state as the signal carried it; everything else is read from systemd right after.</summary>
    private void Apply(UnitStateChange change)
    {
        var parsed = MicroVmUnits.Parse(change.Unit, UnitScope.System);
        if (parsed is RefusedVmUnit refused)
        {
            views.Replace(inventory.Refuse(views.Current, refused));
        }

        if (parsed is not VmUnit unit)
        {
            return;
        }

        _toRefresh[unit.VmName] = unit;
        var view = views.Current;
        if (view.Vms.TryGetValue(unit.VmName, out var vm) && change.Monotonic > vm.Monotonic)
        {
            var state = VmStates.FromUnit(change.ActiveState, change.SubState);
            views.Replace(view with
            {
                Vms = view.Vms.SetItem(vm.Name, vm with
                {
                    State = state,
                    SubState = change.SubState,
                    Since = change.ChangedAt,
                    Monotonic = change.Monotonic,
                }),
            });
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var view = views.Current;
        try
        {
            foreach (var (name, unit) in _toRefresh)
            {
                var known = view.Vms.GetValueOrDefault(name);
                var now = await inventory.RefreshAsync(unit, known, cancellationToken);
                if (now is null)
                {
                    view = view with { Vms = view.Vms.Remove(name) };
                }
                else if (known is null || !known.SaysTheSame(now) || known.ControlGroup != now.ControlGroup)
                {
                    view = view with { Vms = view.Vms.SetItem(name, now) };
                }
            }
        }
        catch (SystemdUnavailableException e)
        {
            // The watch notices too, and has everything listed again once systemd is back.
            await ListAgainLaterAsync(e.Message, cancellationToken);
            return;
        }
        finally
        {
            _toRefresh.Clear();
        }

        if (!ReferenceEquals(view, views.Current))
        {
            views.Replace(view);
        }
    }

    private async Task ListAsync(bool periodic, CancellationToken cancellationToken)
    {
        _listAgainDue = false;
        var before = views.Current;
        var started = time.GetTimestamp();
        try
        {
            var now = await inventory.ListAsync(before, cancellationToken);
            var drift = periodic && before.StaleSince is null ? CountDrift(before, now) : 0;
            views.Replace(sampler.Sample(now));
            metrics.Listed(drift);
            journal.Listed(time.GetElapsedTime(started), now.Vms.Count, drift);
            if (drift > 0)
            {
                LogDrift(drift);
            }

            if (before.StaleSince is not null)
            {
                LogBack(now.Vms.Count);
            }

            reporter.RetryRefused();
        }
        catch (SystemdUnavailableException e)
        {
            journal.ListFailed(e.Message);
            await ListAgainLaterAsync(e.Message, cancellationToken);
        }
    }

    private async Task ListAgainLaterAsync(string reason, CancellationToken cancellationToken)
    {
        MarkStale(reason);
        if (!_listAgainDue)
        {
            _listAgainDue = true;
            await Task.Delay(ListRetry, time, cancellationToken);
            _events.Writer.TryWrite(new ListDue(Periodic: false));
        }
    }

    private int CountDrift(AgentView before, AgentView now)
    {
        var drift = before.Vms.Keys.Count(name => !now.Vms.ContainsKey(name));
        foreach (var vm in now.Vms.Values)
        {
            if (!_toRefresh.ContainsKey(vm.Name)
                && (!before.Vms.TryGetValue(vm.Name, out var known)
                    || known.State != vm.State
                    || known.Monotonic != vm.Monotonic))
            {
                drift++;
            }
        }

        return drift;
    }

    private void MarkStale(string reason)
    {
        var view = views.Current;
        if (view.StaleSince is null)
        {
            views.Replace(view with { StaleSince = time.GetUtcNow(), StaleReason = reason });
            LogStale(reason);
        }
    }

    [LoggerMessage(LogLevel.Warning, "systemd can't be reached, the view of this host is stale: {Reason}")]
    private partial void LogStale(string reason);

    [LoggerMessage(LogLevel.Information, "systemd is back: {Count} VMs listed")]
    private partial void LogBack(int count);

    [LoggerMessage(LogLevel.Warning, "The full list differs from what signals told in {Drift} VMs")]
    private partial void LogDrift(int drift);
}
