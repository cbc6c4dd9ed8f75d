using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// One VM of the cluster. It may be defined on many nodes and should run on one. What the nodes said is kept as they
/// said it; everything that is concluded from it is computed here.
/// </summary>
public sealed record Vm
{
    /// <summary>Unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>Given by the first RegisterVM that was applied, and never changed.</summary>
    public required string Uuid { get; init; }

    /// <summary>Unix milliseconds, by the clock of whoever registered it first.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>By node name: every node on which the VM is defined.</summary>
    public ImmutableSortedDictionary<string, NodeObservation> Observations { get; init; } =
        Ordinal.Map<NodeObservation>();

    /// <summary>
    /// Nodes that claimed to run this VM while another one ran it, with the time of the claim (Unix milliseconds).
    /// They are not candidates. A claim ends when that node registers the VM as not running, or no longer has it.
    /// </summary>
    public ImmutableSortedDictionary<string, long> RefusedClaims { get; init; } = Ordinal.Map<long>();

    /// <summary>By source: what the monitor found.</summary>
    public ImmutableSortedDictionary<string, Health> Health { get; init; } = Ordinal.Map<Health>();

    /// <summary>What clients noted with it.</summary>
    public Annotations Annotations { get; init; } = Annotations.None;

    /// <summary>The node that judges this VM from outside; null: none yet.</summary>
    public string? Monitor { get; init; }

    /// <summary>How its health is judged; null: as without a word about it.</summary>
    public VmHealthPolicy? HealthPolicy { get; init; }

    /// <summary>How the cluster keeps it; null: it is only observed.</summary>
    public Management? Management { get; init; }

    /// <summary>Where it may run; set if, and only if, it is managed.</summary>
    public Placement? Placement { get; init; }

    /// <summary>What is being done with it, or was done last; null: nothing yet.</summary>
    public Operation? Operation { get; init; }

    /// <summary>
    /// The policy that holds: strict only from the moment at which every node that may run it has its gate.
    /// </summary>
    public FailoverPolicy Policy => Management switch
    {
        null => FailoverPolicy.Unknown,
        { Policy: FailoverPolicy.Strict, PromisedAt: 0 } => FailoverPolicy.Manual,
        var management => management.Policy,
    };

    /// <summary>What it needs of a host, in bytes: declared, or else the largest observed; 0: not known.</summary>
    public ulong MemoryBytes
    {
        get
        {
            var bytes = Management?.MemoryBytes ?? 0;
            foreach (var observation in Observations.Values)
            {
                bytes = Math.Max(bytes, observation.Resources?.MemoryLimitBytes ?? 0);
            }

            return bytes;
        }
    }

    /// <summary>Virtual CPUs: declared, or else the most observed; 0: not known.</summary>
    public uint Vcpus
    {
        get
        {
            var vcpus = Management?.Vcpus ?? 0;
            foreach (var observation in Observations.Values)
            {
                vcpus = Math.Max(vcpus, observation.Facts?.Vcpus ?? 0);
            }

            return vcpus;
        }
    }

    /// <summary>The node has its unit, by the node's last complete word.</summary>
    public bool IsDefinedOn(string node) =>
        Observations.TryGetValue(node, out var observation) && observation.Staleness != Staleness.Absent;

    /// <summary>The nodes that run it by a fresh observation, sorted. More than one is an alarm.</summary>
    public ImmutableArray<string> RunningOn
    {
        get
        {
            var nodes = ImmutableArray.CreateBuilder<string>();
            foreach (var observation in Observations.Values)
            {
                if (observation.Running)
                {
                    nodes.Add(observation.Node);
                }
            }

            return nodes.DrainToImmutable();
        }
    }

    /// <summary>The nodes that say now that they run it, sorted: those, and the ones whose claim was refused.</summary>
    public ImmutableSortedSet<string> SaidToRunOn
    {
        get
        {
            var nodes = Ordinal.Set.Union(RefusedClaims.Keys);
            foreach (var observation in Observations.Values)
            {
                nodes = observation.Running ? nodes.Add(observation.Node) : nodes;
            }

            return nodes;
        }
    }

    /// <summary>Two nodes say at the same time that they run it.</summary>
    public bool DuplicateRunning => SaidToRunOn.Count > 1;

    /// <summary>
    /// The VM's state over all nodes. A fresh observation of a running unit decides. Without one, a stale observation
    /// of a unit that was not at rest makes it unknown, for it may still run there; else the liveliest fresh one
    /// counts.
    /// </summary>
    public VmState State => Judge().State;

    /// <summary>Why the state is unknown; <see cref="Staleness.Fresh"/> where it isn't for staleness.</summary>
    public Staleness Staleness => Judge().Why;

    /// <summary>For people: <c>Running</c>, or <c>Unknown (node lost)</c>.</summary>
    public string StateText => Judge() switch
    {
        (_, Staleness.NodeLost) => "Unknown (node lost)",
        (_, Staleness.Absent) => "Unknown (unit is gone)",
        (_, Staleness.Rebooted) => "Unknown (node rebooted)",
        (_, Staleness.Unseen) => "Unknown (manager out of reach)",
        var (state, _) => state.ToString(),
    };

    /// <summary>
    /// The node to look at: where it runs (the first by name, should there be two), else where it is on its way up or
    /// down, else where it last ran, else the only node that defines it; null if that leaves a choice.
    /// </summary>
    public string? Location
    {
        get
        {
            NodeObservation? best = null;
            foreach (var observation in Observations.Values)
            {
                if (best is null || Weight(observation) > Weight(best))
                {
                    best = observation;
                }
            }

            return best is null || (!AtWork(best) && Observations.Count > 1) ? null : best.Node;
        }
    }

    /// <summary>
    /// False if any check of the node it is located on, or any of its monitor, failed; null if nobody checked.
    /// </summary>
    public bool? Healthy
    {
        get
        {
            bool? healthy = null;
            if (Location is { } node)
            {
                var observation = Observations[node];
                healthy = observation.Stale ? null : Pass(observation.Checks, healthy);
            }

            foreach (var source in Health.Values)
            {
                healthy = Pass(source.Checks, healthy);
                healthy = source.Healthy is { } verdict ? verdict && healthy is not false : healthy;
            }

            return healthy;
        }
    }

    /// <summary>How well it is, all that is known taken together (<see cref="HealthVerdict"/>).</summary>
    public HealthStatus HealthStatus => HealthVerdict.Of(this);

    /// <summary>
    /// What a node said of it may be forgotten: that node says itself that it has it no more, and either another node
    /// defines it, or nothing goes with it that somebody noted or that is an alarm. A managed VM stays, and what the node
    /// says of it that may run it.
    /// </summary>
    public bool CanForget(string node) =>
        Observations.TryGetValue(node, out var last) && last.Staleness == Staleness.Absent
        && !(Placement is { MayRun: true } placement && placement.Node == node)
        && (Observations.Count > 1
            || (Management is null && HealthPolicy is null && Annotations.All.Count == 0 && RefusedClaims.IsEmpty));

    private static bool? Pass(ImmutableSortedDictionary<string, Check> checks, bool? before)
    {
        foreach (var check in checks.Values)
        {
            before = check.Passed && before is not false;
        }

        return before;
    }

    private (VmState State, Staleness Why) Judge()
    {
        NodeObservation? fresh = null;
        NodeObservation? stale = null;
        foreach (var observation in Observations.Values)
        {
            if (observation.Stale)
            {
                stale = stale is null || Rank(observation.State) > Rank(stale.State) ? observation : stale;
            }
            else if (fresh is null || Rank(observation.State) > Rank(fresh.State))
            {
                fresh = observation;
            }
        }

        if (fresh?.State != VmState.Running && stale is not null && (fresh is null || AtWork(stale)))
        {
            return (VmState.Unknown, stale.Staleness);
        }

        return (fresh?.State ?? VmState.Unknown, Staleness.Fresh);
    }

    internal static bool AtWork(NodeObservation observation) =>
        observation.State is VmState.Running or VmState.Starting or VmState.Stopping;

    private static int Weight(NodeObservation observation) =>
        (2 * Rank(observation.State)) + (observation.Stale ? 0 : AtWork(observation) ? 100 : 1);

    private static int Rank(VmState state) => state switch
    {
        VmState.Running => 5,
        VmState.Starting => 4,
        VmState.Stopping => 3,
        VmState.Failed => 2,
        VmState.Stopped => 1,
        _ => 0,
    };
}

/// <summary>
/// One set of checks made from outside. <paramref name="Healthy"/> is the verdict over all that <paramref name="Node"/>
/// knew, null if it gave none; <paramref name="LastUpdate"/> in Unix milliseconds.
/// </summary>
public sealed record Health(
    string Source,
    string Node,
    ImmutableSortedDictionary<string, Check> Checks,
    bool? Healthy,
    string Message,
    long LastUpdate);
