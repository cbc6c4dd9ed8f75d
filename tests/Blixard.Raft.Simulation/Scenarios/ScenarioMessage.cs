using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary>
/// Messages written by hand, for what a network may deliver but a short transcript would not bring about.
/// </summary>
internal static class ScenarioMessage
{
    public static Message Make(ScenarioCommand command)
    {
        var from = new MemberId(command.Number("from", 0));
        var to = new MemberId(command.Number("to", 0));
        var term = command.Number("term", 0);
        var (previous, previousTerm) = command.Position("prev");
        var (hint, hintTerm) = command.Position("hint");
        var (last, lastTerm) = command.Position("last");
        return command.Name switch
        {
            "append" => new AppendRequest(
                from, to, term, previous, previousTerm, command.Number("commit", 0), command.Entries("entries")),
            "append-ok" => new AppendResponse(from, to, term, Rejected: false, command.Number("index", 0), 0, 0),
            "append-rejected" => new AppendResponse(
                from, to, term, Rejected: true, command.Number("index", 0), hint, hintTerm),
            "heartbeat" => new HeartbeatRequest(
                from, to, term, command.Number("commit", 0), command.Number("read", 0)),
            "heartbeat-ok" => new HeartbeatResponse(from, to, term, command.Number("read", 0)),
            "vote" => new VoteRequest(from, to, term, last, lastTerm, PreVote: false, Transfer: false),
            "prevote" => new VoteRequest(from, to, term, last, lastTerm, PreVote: true, Transfer: false),
            "vote-granted" => new VoteResponse(from, to, term, PreVote: false, Granted: true),
            "prevote-granted" => new VoteResponse(from, to, term, PreVote: true, Granted: true),
            "timeout-now" => new TimeoutNow(from, to, term),
            _ => throw new ArgumentException($"no command is called '{command.Name}'"),
        };
    }
}
