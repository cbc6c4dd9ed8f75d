using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// Which configuration is in force at which index of the log: the newest in it, committed or not (thesis 4.1). Entries
/// that are cut off take theirs with them, so what was never committed is rolled back.
/// </summary>
internal sealed class ConfigurationHistory
{
    // Ascending; the first is what a snapshot, or the empty log, stands for. Seldom more than two.
    private readonly List<Step> _steps = [];

    public ConfigurationHistory(SnapshotMeta snapshot) => Reset(snapshot);

    /// <summary>In force at the log's end.</summary>
    public Configuration Newest => _steps[^1].Configuration;

    /// <summary>Where it came into force: the index of its entry, or of a snapshot.</summary>
    public ulong NewestIndex => _steps[^1].Index;

    /// <summary>The one in force at <paramref name="index"/>, which is not before the oldest kept.</summary>
    public Configuration At(ulong index) => _steps[PositionAt(index)].Configuration;

    /// <summary>A voter in the configuration in force at <paramref name="index"/> or in a later one.</summary>
    public bool IsVoterSince(ulong index, MemberId member)
    {
        for (var i = PositionAt(index); i < _steps.Count; i++)
        {
            if (_steps[i].Configuration.IsVoter(member))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Every member of the configuration in force at <paramref name="index"/> or of a later one.</summary>
    public IEnumerable<MemberId> MembersSince(ulong index) =>
        _steps.Skip(PositionAt(index)).SelectMany(step => step.Configuration.Members).Distinct();

    /// <exception cref="FormatException">
    /// Not a configuration that this program knows: it must stop, for it can't say who counts.
    /// </exception>
    public void Appended(LogEntry entry)
    {
        if (entry.Kind == EntryKind.Configuration)
        {
            _steps.Add(new(entry.Index, ConfigurationCodec.Decode(entry.Data.Span)));
        }
    }

    public void TruncatedFrom(ulong index)
    {
#if MUTANTS
        if (Planted.Is(Mutant.ConfigurationNotRolledBack))
        {
            return;
        }
#endif
        while (_steps[^1].Index >= index)
        {
            Require(_steps.Count > 1, $"truncation from {index} would cut the oldest configuration there is");
            _steps.RemoveAt(_steps.Count - 1);
        }
    }

    /// <summary>
    /// The log through <paramref name="index"/> is in a snapshot: nothing before it can be asked for.
    /// </summary>
    public void Compacted(ulong index) => _steps.RemoveRange(0, PositionAt(index));

    public void Reset(SnapshotMeta snapshot)
    {
        _steps.Clear();
        _steps.Add(new(snapshot.Index, snapshot.Configuration));
    }

    private int PositionAt(ulong index)
    {
        var i = _steps.Count - 1;
        while (i > 0 && _steps[i].Index > index)
        {
            i--;
        }

        return i;
    }

    private readonly record struct Step(ulong Index, Configuration Configuration);
}
