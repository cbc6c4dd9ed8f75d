using System.Globalization;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>Short words for what passes between members: a trace is read by people in a hurry.</summary>
internal static class TraceText
{
    public static string Of(object? detail) => detail switch
    {
        null => "",
        Message message => Of(message),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => detail.ToString() ?? "",
    };

    public static string Of(Message message)
    {
        var what = message switch
        {
            VoteRequest m =>
                $"{(m.PreVote ? "PreVote" : "Vote")}? last={m.LastLogIndex}/{m.LastLogTerm}{(m.Transfer ? " transfer" : "")}",
            VoteResponse m => $"{(m.PreVote ? "PreVote" : "Vote")} {(m.Granted ? "granted" : "refused")}",
            AppendRequest m =>
                $"Append prev={m.PrevLogIndex}/{m.PrevLogTerm} commit={m.LeaderCommit} [{Of(m.Entries)}]",
            AppendResponse { Rejected: true } m => $"Append rejected prev={m.Index} hint={m.HintIndex}/{m.HintTerm}",
            AppendResponse m => $"Append ok through={m.Index}",
            HeartbeatRequest m => $"Heartbeat commit={m.Commit} read={m.ReadSequence}",
            HeartbeatResponse m => $"Heartbeat ok read={m.ReadSequence}",
            InstallSnapshotRequest m => $"InstallSnapshot {m.Snapshot.Index}/{m.Snapshot.Term}",
            SnapshotReceived m => $"SnapshotReceived {m.Snapshot.Index}/{m.Snapshot.Term}",
            ForwardProposals m => $"Forward {m.Data.Count}",
            ReadIndexRequest m => $"ReadIndex? {m.Context}",
            ReadIndexResponse m => $"ReadIndex {m.Context} at {m.Index}",
            TimeoutNow => "TimeoutNow",
            StateDigest m => $"Digest {m.Index} {m.Digest:x16}",
            StateVerdict m => $"Digest {m.Index} differs{(m.IsWrong ? ", stop" : "")}",
            TailRequest m => $"Tail? after={m.After}/{m.AfterTerm}{(m.Rewind ? " rewind" : "")}"
                + (m.NeedsSnapshot ? " needs snapshot" : ""),
            TailResponse m => $"Tail prev={m.PrevLogIndex}/{m.PrevLogTerm} commit={m.Commit}"
                + $" leader={m.Leader.Value} [{Of(m.Entries)}]",
            _ => message.ToString(),
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"{message.From.Value}->{message.To.Value} t{message.Term} {what}");
    }

    public static string Of(IReadOnlyList<LogEntry> entries) => entries.Count switch
    {
        0 => "",
        1 => $"{entries[0].Index}/{entries[0].Term}",
        _ => $"{entries[0].Index}/{entries[0].Term}..{entries[^1].Index}/{entries[^1].Term}",
    } + string.Concat(entries
        .Where(entry => entry.Kind == EntryKind.Configuration)
        .Select(entry => $" ({entry.Index}: {Of(ConfigurationCodec.Decode(entry.Data.Span))})"));

    /// <summary><c>voters 1 2 3, outgoing 1 2</c>, without what is empty.</summary>
    public static string Of(Configuration configuration) => string.Join(
        ", ",
        new[]
        {
            ("voters", configuration.Voters),
            ("learners", configuration.Learners),
            ("outgoing", configuration.Outgoing),
            ("learners next", configuration.LearnersNext),
        }
        .Where(part => part.Item2.Count > 0)
        .Select(part => $"{part.Item1} {string.Join(' ', part.Item2.Select(member => member.Value))}"));
}
