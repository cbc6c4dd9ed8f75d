using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How the cluster keeps a VM that was put into its hands.</summary>
public sealed record Management
{
    /// <summary>
    /// The log index of the ManageVM by which it must be gated: of the first, or of the last that changed whether it is
    /// strict.
    /// </summary>
    public required ulong Index { get; init; }

    /// <summary>As it was asked for; <see cref="Vm.Policy"/> is what holds.</summary>
    public required FailoverPolicy Policy { get; init; }

    /// <summary>
    /// The log index at which every node that may run it had its gate; 0: not yet, and until then nothing is promised.
    /// </summary>
    public ulong PromisedAt { get; init; }

    public required DesiredState Desired { get; init; }

    /// <summary>Nodes on which it may run; empty: all that define it.</summary>
    public ImmutableSortedSet<string> Candidates { get; init; } = Ordinal.Set;

    /// <summary>The higher is placed first.</summary>
    public uint Priority { get; init; }

    /// <summary>Wants to be where others of its group are; empty: none.</summary>
    public string Affinity { get; init; } = "";

    /// <summary>Must not be where others of its group are; empty: none.</summary>
    public string AntiAffinity { get; init; } = "";

    /// <summary>As declared; 0: as its nodes observe.</summary>
    public ulong MemoryBytes { get; init; }

    /// <summary>As declared; 0: as its nodes observe.</summary>
    public uint Vcpus { get; init; }

    /// <summary>As declared; unknown: as its nodes observe.</summary>
    public StorageKind Storage { get; init; }

    /// <summary>Restarts by systemd on one host after which it moves, or stays failed; 0: no limit.</summary>
    public uint MaxRestarts { get; init; }

    /// <summary>By node: where its gate was said to be.</summary>
    public ImmutableSortedDictionary<string, GateRecord> Gates { get; init; } = Ordinal.Map<GateRecord>();
}

/// <param name="ManageIndex">The <see cref="Management.Index"/> that the gate knows.</param>
/// <param name="BootId">In which it was said: at the next boot it is void.</param>
public readonly record struct GateRecord(ulong ManageIndex, string BootId);

/// <summary>What has become of a generation. Permanent numbers (snapshots).</summary>
public enum PlacementState
{
    None = 0,

    /// <summary>The node may run it, and may be running it.</summary>
    Assigned = 1,

    /// <summary>The node has said that it runs.</summary>
    Running = 2,

    /// <summary>The node has revoked it and proved that it is stopped: it never runs again.</summary>
    StoppedConfirmed = 3,

    /// <summary>Its node is fenced or dead: it never runs again.</summary>
    Lost = 4,

    /// <summary>The log was recovered: it may run on any node that defines it, and nobody may start it.</summary>
    Uncertain = 5,
}

/// <summary>Where a managed VM may run: one node, for one generation.</summary>
public sealed record Placement
{
    /// <summary>
    /// The log index of the entry that made it: it only grows, also over removing and registering anew.
    /// </summary>
    public required ulong Generation { get; init; }

    public required string Node { get; init; }

    public required PlacementState State { get; init; }

    /// <summary>
    /// Equal to <see cref="Generation"/>: whatever runs of it is in the strict slice, behind the gate. Else a fence
    /// proves nothing about it.
    /// </summary>
    public ulong GatedGeneration { get; init; }

    /// <summary>Why it is there and in that state.</summary>
    public string Reason { get; init; } = "";

    /// <summary>When it came into that state, in Unix milliseconds.</summary>
    public long Since { get; init; }

    /// <summary>The node that was drained of it, to which it may return; empty: none.</summary>
    public string DrainedFrom { get; init; } = "";

    /// <summary>A process of this generation may exist.</summary>
    public bool MayRun => State is PlacementState.Assigned or PlacementState.Running or PlacementState.Uncertain;

    public bool IsGated => GatedGeneration == Generation;
}
