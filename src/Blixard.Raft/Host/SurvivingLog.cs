using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Host;

/// <summary>What one member alone still has of its cluster's log. Nothing on disk has been changed by reading it.</summary>
/// <param name="Term">No term that this member knows of is later.</param>
/// <param name="Snapshot">What its state starts from; index 0: none, and the log is whole from its first entry on.</param>
/// <param name="Entries">All after the snapshot, consecutive, those too of which nobody knows whether they were committed.</param>
/// <param name="Loss">Non-null: something that was on stable storage here can't be read back.</param>
public sealed record SurvivingLog(ulong Term, SnapshotMeta Snapshot, IReadOnlyList<LogEntry> Entries, LogLoss? Loss)
{
    public ulong LastIndex => Entries.Count > 0 ? Entries[^1].Index : Snapshot.Index;

    /// <summary>The newest in what is left.</summary>
    public Configuration Configuration
    {
        get
        {
            for (var i = Entries.Count - 1; i >= 0; i--)
            {
                if (Entries[i].Kind == EntryKind.Configuration)
                {
                    return ConfigurationCodec.Decode(Entries[i].Data.Span);
                }
            }

            return Snapshot.Configuration;
        }
    }
}

/// <param name="What">What is damaged, where, and what should have been there: a clause.</param>
/// <param name="Through">The last index that is known to have been on stable storage; null: not known.</param>
public sealed record LogLoss(string What, ulong? Through);
