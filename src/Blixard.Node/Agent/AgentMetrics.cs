using System.Diagnostics.Metrics;
using Blixard.Hypervisor;

namespace Blixard.Node.Agent;

/// <summary>The agent's own measurements, under the meter <c>Blixard.Agent</c>.</summary>
internal sealed class AgentMetrics : IDisposable
{
    public const string MeterName = "Blixard.Agent";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _events;
    private readonly Counter<long> _lists;
    private readonly Counter<long> _drift;
    private readonly Counter<long> _reports;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _disconnects;
    private readonly Counter<long> _heldBack;
    private readonly Counter<long> _guests;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _passedOver;
    private readonly Histogram<double> _sweep;

    public AgentMetrics()
    {
        _events = _meter.CreateCounter<long>(
            "blixard.agent.unit_events", description: "Unit changes that systemd signalled.");
        _lists = _meter.CreateCounter<long>("blixard.agent.full_lists", description: "Full lists of units taken.");
        _drift = _meter.CreateCounter<long>(
            "blixard.agent.drift", description: "Differences that only a full list found: a signal was missed.");
        _reports = _meter.CreateCounter<long>("blixard.agent.reports", description: "Reports that were applied.");
        _failures = _meter.CreateCounter<long>(
            "blixard.agent.report_failures", description: "Reports that were not applied and are made again.");
        _heldBack = _meter.CreateCounter<long>(
            "blixard.agent.changes_held_back",
            description: "Changes of VMs that changed too often: the state they came to is reported later.");
        _disconnects = _meter.CreateCounter<long>(
            "blixard.agent.bus_disconnects",
            description: "Times the signal connection to systemd broke or could not be made.");
        _guests = _meter.CreateCounter<long>(
            "blixard.agent.guest_queries", description: "Questions to hypervisors, by what came of them.");
        _errors = _meter.CreateCounter<long>(
            "blixard.agent.journal_errors", description: "Lines of priority err or worse that were looked at in the journal.");
        _passedOver = _meter.CreateCounter<long>(
            "blixard.agent.journal_gaps", description: "Looks at the journal that passed lines over: too many had come.");
        _sweep = _meter.CreateHistogram<double>(
            "blixard.agent.sweep", "s", "One sampling of the resources of all VMs.");
    }

    public void Dispose() => _meter.Dispose();

    public void EventSeen() => _events.Add(1);

    public void Listed(int drift)
    {
        _lists.Add(1);
        _drift.Add(drift);
    }

    public void Reported() => _reports.Add(1);

    public void HeldBack() => _heldBack.Add(1);

    public void ReportFailed() => _failures.Add(1);

    public void Disconnected() => _disconnects.Add(1);

    public void ErrorsSeen(int lines) => _errors.Add(lines);

    public void ErrorsPassedOver() => _passedOver.Add(1);

    public void GuestAsked(string outcome) => _guests.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public static string OutcomeOf(ControlSocketError error) => error switch
    {
        ControlSocketError.Missing => "missing",
        ControlSocketError.Stale => "stale",
        ControlSocketError.Refused => "refused",
        ControlSocketError.Busy => "busy",
        ControlSocketError.TimedOut => "timed_out",
        ControlSocketError.Closed => "closed",
        ControlSocketError.ErrorAnswer => "error_answer",
        _ => "malformed",
    };

    public void Swept(TimeSpan elapsed) => _sweep.Record(elapsed.TotalSeconds);
}
