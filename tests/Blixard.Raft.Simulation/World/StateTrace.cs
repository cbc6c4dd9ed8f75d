using System.Globalization;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// What every step made of a member, as a line of JSON each: for a replay, and for checking a run against a model
/// (etcd's Traceetcdraft.tla takes much the same). Ids are numbers, as they are in <see cref="MemberId"/>; a vote of 0
/// is none; <c>log</c> is the last index.
/// </summary>
internal sealed class StateTrace(TextWriter sink)
{
    public void Add(SimWorld world, SimMember member, string happened)
    {
        if (member.Node is not { } node)
        {
            sink.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"step":{{world.Steps}},"time":{{world.Now}},"event":"{{happened}}","node":{{member.Id.Value}},"down":true}"""));
            return;
        }

        var configuration = node.Configuration;
        sink.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"step":{{{world.Steps}}},"time":{{{world.Now}}},"event":"{{{happened}}}","node":{{{node.Self.Value}}},"role":"{{{node.Role}}}","term":{{{node.Term}}},"vote":{{{node.Vote.Value}}},"log":{{{node.LastIndex}}},"durable":{{{node.DurableIndex}}},"commit":{{{node.Commit}}},"applied":{{{member.Machine.Applied}}},"config":{"voters":{{{Ids(configuration.Voters)}}},"outgoing":{{{Ids(configuration.Outgoing)}}},"learners":{{{Ids(configuration.Learners)}}}}}
            """));
    }

    private static string Ids(IEnumerable<MemberId> members) =>
        $"[{string.Join(',', members.Select(member => member.Value.ToString(CultureInfo.InvariantCulture)))}]";
}
