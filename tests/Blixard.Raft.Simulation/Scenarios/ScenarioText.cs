using System.Globalization;
using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary>What a transcript says of a Ready and of a member.</summary>
internal static class ScenarioText
{
    public static string OfWrites(Ready ready)
    {
        var lines = new Lines();
        if (ready.HardState is { } hardState)
        {
            lines.Add($"batch {ready.Batch}: term {hardState.Term} vote {hardState.Vote.Value}");
        }

        if (ready.Snapshot is { } snapshot)
        {
            lines.Add($"batch {ready.Batch}: snapshot {snapshot.Index}/{snapshot.Term}");
        }

        if (ready.Entries.Count > 0)
        {
            lines.Add($"batch {ready.Batch}: entries {TraceText.Of(ready.Entries)}");
        }

        return lines.ToString();
    }

    /// <summary>What waits for the disk, what is applied, what became of reads.</summary>
    public static string OfRest(Ready ready)
    {
        var lines = new Lines();
        foreach (var message in ready.AfterDurable)
        {
            lines.Add($"after batch {ready.Batch}: {TraceText.Of(message)}");
        }

        if (ready.Committed.Count > 0)
        {
            lines.Add($"apply {TraceText.Of(ready.Committed)}");
        }

        foreach (var read in ready.Reads)
        {
            lines.Add($"read {read.Context} at {read.Index}");
        }

        foreach (var context in ready.DroppedReads)
        {
            lines.Add($"read {context} dropped");
        }

        return lines.ToString();
    }

    public static string Of(ScenarioMember member)
    {
        var node = member.Node;
        var terms = new StringBuilder();
        for (var index = node.FirstIndex; index <= node.LastIndex; index++)
        {
            terms.Append(CultureInfo.InvariantCulture, $" {node.TermAt(index)}");
        }

        var lines = new Lines();
        lines.Add(
            $"{node.Self.Value}: {node.Role} term {node.Term} vote {node.Vote.Value} leader {node.Leader.Value} commit {node.Commit} durable {node.DurableIndex} applied {member.Applied} log from {node.FirstIndex}:{terms}");
        if (node.ConfigurationIndex > 0)
        {
            lines.Add(
                $"  {TraceText.Of(node.Configuration)} since {node.ConfigurationIndex}{(node.IsChangePending ? ", pending" : "")}");
        }

        foreach (var peer in node.Peers)
        {
            lines.Add(
                $"  {peer.Member.Value}: {peer.State} match {peer.Match} next {peer.Next}{(peer.IsLeaving ? " leaving" : "")}");
        }

        return lines.ToString();
    }

    private sealed class Lines
    {
        private readonly StringBuilder _text = new();

        public void Add(FormattableString line) =>
            _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        public override string ToString() => _text.ToString();
    }
}
