using System.Collections.Concurrent;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// What this host did to get its VMs well again and the replicated state does not have yet. Written by
/// <see cref="RecoveryLoop"/>, read by anyone.
/// </summary>
internal sealed class RecoveryBook
{
    private readonly ConcurrentDictionary<string, RecoveryRecord> _records = new(StringComparer.Ordinal);

    /// <summary>Null: what the state has holds. <see cref="RecoveryRecord.Over"/>: it is to have none.</summary>
    public RecoveryRecord? Of(string vm) => _records.GetValueOrDefault(vm);

    public void Put(string vm, RecoveryRecord record) => _records[vm] = record;

    public void Remove(string vm) => _records.TryRemove(vm, out _);
}
