using System.Diagnostics.Metrics;
using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// The engine's own measurements, under the meter <c>Blixard.Raft</c>. Gauges (term, indexes, lag) are read from
/// <see cref="RaftStatus"/> by whoever exports them.
/// </summary>
public sealed class RaftMetrics : IDisposable
{
    public const string MeterName = "Blixard.Raft";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _fsync;
    private readonly Counter<long> _proposals;
    private readonly Counter<long> _elections;
    private readonly Counter<long> _divergences;
    private readonly Counter<long> _scrubBytes;
    private readonly Counter<long> _scrubDamage;
    private readonly Counter<long> _dropped;

    public RaftMetrics()
    {
        _fsync = _meter.CreateHistogram<double>(
            "blixard.raft.fsync", "s", "Write and sync of one group of batches to the write-ahead log.");
        _proposals = _meter.CreateCounter<long>(
            "blixard.raft.proposals", description: "Proposals made at this member, by what became of them at once.");
        _elections = _meter.CreateCounter<long>(
            "blixard.raft.leader_changes", description: "Times this member saw the leader change.");
        _divergences = _meter.CreateCounter<long>(
            "blixard.raft.state_divergence",
            description: "Indexes at which this member, as leader, found members with different states.");
        _scrubBytes = _meter.CreateCounter<long>(
            "blixard.raft.scrub", "By", "Bytes of the stored log and snapshots that were read again and checked.");
        _scrubDamage = _meter.CreateCounter<long>(
            "blixard.raft.scrub_damage", description: "Damaged files that were found by that.");
        _dropped = _meter.CreateCounter<long>(
            "blixard.raft.messages_dropped", description: "Messages of peers dropped because too many waited for the loop.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Synced(TimeSpan elapsed) => _fsync.Record(elapsed.TotalSeconds);

    internal void Proposed(ProposeStatus status) =>
        _proposals.Add(1, new KeyValuePair<string, object?>("outcome", OutcomeOf(status)));

    internal void StateDiverged() => _divergences.Add(1);

    internal void Scrubbed(long bytes, bool isDamaged)
    {
        _scrubBytes.Add(bytes);
        if (isDamaged)
        {
            _scrubDamage.Add(1);
        }
    }

    internal void LeaderChanged() => _elections.Add(1);

    internal void MessageDropped() => _dropped.Add(1);

    private static string OutcomeOf(ProposeStatus status) => status switch
    {
        ProposeStatus.Appended => "appended",
        ProposeStatus.Forwarded => "forwarded",
        ProposeStatus.NoLeader => "no_leader",
        ProposeStatus.NoSpace => "no_space",
        ProposeStatus.TooLarge => "too_large",
        _ => "overloaded",
    };
}
