using System.Collections.Immutable;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>
/// What changes of the configuration must keep (section 6, thesis chapter 4), with an arithmetic of its own: the core's
/// is under test.
/// </summary>
internal sealed class ConfigurationChecks(Invariants invariants, Configuration first)
{
    // What is committed, from which index on.
    private readonly List<(ulong Index, Configuration Configuration)> _committed = [(0, first)];

    /// <summary>The newest configuration that is committed.</summary>
    public Configuration Committed => _committed[^1].Configuration;

    /// <summary>The configuration in force at a committed index.</summary>
    public Configuration At(ulong index)
    {
        var i = _committed.Count - 1;
        while (_committed[i].Index > index)
        {
            i--;
        }

        return _committed[i].Configuration;
    }

    /// <summary>The newest in a log, up to an index: what is in force there, committed or not.</summary>
    public static Configuration InForce(SimMember member, ulong through)
    {
        var node = member.Node!;
        var seen = member.Observed;
        Configuration? found = null;
        for (var index = through; index >= node.FirstIndex && found is null; index--)
        {
            var entry = node.EntryAt(index);

            // The same entry stands where the last walk began: by Log Matching, which is checked for itself, so does
            // all before it.
            if (ReferenceEquals(entry, seen.WalkedFrom))
            {
                found = seen.Found;
                break;
            }

            found = entry.Kind == EntryKind.Configuration ? ConfigurationCodec.Decode(entry.Data.Span) : null;
        }

        if (through >= node.FirstIndex)
        {
            (seen.WalkedFrom, seen.Found) = (node.EntryAt(through), found);
        }

        // Nothing newer than what the compacted part left: the core's own note of that is all there is.
        return found ?? node.ConfigurationAt(Math.Min(through, node.FirstIndex - 1));
    }

    /// <summary>More than half of the voters, and of the old half while there is one.</summary>
    public static bool IsQuorum(Configuration configuration, Func<MemberId, bool> agrees) =>
        HasMajority(configuration.Voters, agrees)
        && (configuration.Outgoing.IsEmpty || HasMajority(configuration.Outgoing, agrees));

    public void EntryCommitted(LogEntry entry)
    {
        if (entry.Kind == EntryKind.Configuration)
        {
            _committed.Add((entry.Index, ConfigurationCodec.Decode(entry.Data.Span)));
        }
    }

    /// <summary>A member was given new entries to store.</summary>
    public void Appended(SimMember member, IReadOnlyList<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            // Another may have taken its place meanwhile.
            if (entry.Kind == EntryKind.Configuration && member.Node!.TermAt(entry.Index) == entry.Term)
            {
                Changed(member, entry);
            }
        }
    }

    /// <summary>A member committed up to an index: it must hold what everybody holds to be in force there.</summary>
    public void CommitMoved(SimMember member)
    {
        var node = member.Node!;
        if (node.Commit < node.FirstIndex)
        {
            return;
        }

        var committed = node.ConfigurationAt(node.Commit);
        invariants.Require(
            IsAsCommitted(committed, node.Commit) || KnowsNewer(member, committed, node.Commit),
            "OneConfiguration",
            $"m{member.Id.Value} holds ({committed}) to be committed at {node.Commit}, which is ({At(node.Commit)})");
        var newest = InForce(member, node.LastIndex);
        invariants.Require(
            node.Configuration == newest,
            "NewestIsInForce",
            $"m{member.Id.Value} goes by ({node.Configuration}); the newest in its log is ({newest})");
    }

    /// <summary>
    /// The one that everybody holds to be committed there. A member that joined and has not come to the entry that adds
    /// it knows of none, and decides nothing.
    /// </summary>
    public bool IsAsCommitted(Configuration configuration, ulong index) =>
        configuration == At(index) || configuration == Configuration.Empty;

    /// <summary>
    /// A member whose whole log was lost begins again at index 0 with the newest configuration that it knew to be
    /// committed, and passes through the older ones on its way. It decides nothing until it is repaired. In no other
    /// case, and no configuration that is not committed.
    /// </summary>
    private bool KnowsNewer(SimMember member, Configuration configuration, ulong index) =>
        member.Disk.WasDamaged
        && _committed.Exists(known => known.Index > index && known.Configuration == configuration);

    private void Changed(SimMember member, LogEntry entry)
    {
        var node = member.Node!;
        var next = ConfigurationCodec.Decode(entry.Data.Span);
        var before = InForce(member, entry.Index - 1);
        invariants.Require(
            !next.Voters.IsEmpty, "SomebodyVotes", $"m{member.Id.Value} appends a configuration without voters at {entry.Index}");
        invariants.Require(
            before.Voters.IsEmpty || KnowsNewer(member, before, entry.Index - 1) || Overlap(before, next),
            "QuorumsOverlap",
            $"m{member.Id.Value} appends ({next}) at {entry.Index} after ({before}): they can decide without each other");
        if (node.Role != RaftRole.Leader)
        {
            return;
        }

        var pending = 0;
        for (var index = Math.Max(node.Commit + 1, node.FirstIndex); index <= node.LastIndex; index++)
        {
            pending += node.EntryAt(index).Kind == EntryKind.Configuration ? 1 : 0;
        }

        invariants.Require(
            pending <= 1, "OneChangePending", $"leader m{member.Id.Value} has {pending} configurations that are not committed");
    }

    /// <summary>Every quorum of the one shares a voter with every quorum of the other.</summary>
    private static bool Overlap(Configuration left, Configuration right)
    {
        foreach (var one in Halves(left))
        {
            foreach (var other in Halves(right))
            {
                if (Majority(one) + Majority(other) > one.Union(other).Count)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static ImmutableSortedSet<MemberId>[] Halves(Configuration configuration) =>
        configuration.Outgoing.IsEmpty ? [configuration.Voters] : [configuration.Voters, configuration.Outgoing];

    private static int Majority(ImmutableSortedSet<MemberId> voters) => (voters.Count / 2) + 1;

    private static bool HasMajority(ImmutableSortedSet<MemberId> voters, Func<MemberId, bool> agrees)
    {
        var count = 0;
        foreach (var voter in voters)
        {
            count += agrees(voter) ? 1 : 0;
        }

        return count >= Majority(voters);
    }
}
