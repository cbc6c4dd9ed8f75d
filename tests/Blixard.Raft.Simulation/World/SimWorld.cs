using System.Collections.Immutable;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// What the parts of one run share: time, chance, the future, the machines and what must hold of them.
/// </summary>
internal sealed class SimWorld
{
    public SimWorld(ulong seed, TextWriter? traceSink)
    {
        Random = new(seed);
        Options = SwarmOptions.Draw(Random, new(~seed));
        Network = new(Options, Random);
        Trace = new(traceSink);
        FirstConfiguration = new(Ids(0, Options.Voters), Ids(Options.Voters, Options.Voters + Options.Learners));
        Invariants = new(this);
        Durability = new(this);
        Clients = new(this);
        Nemesis = new(this);
        Faults = new(this);
        Members = [.. Enumerable.Range(0, Options.Members).Select(number => new SimMember(this, number))];
    }

    public SwarmOptions Options { get; }

    public SimRandom Random { get; }

    public EventQueue Events { get; } = new();

    public SimNetwork Network { get; }

    public Trace Trace { get; }

    /// <summary>Of those that are members from the beginning.</summary>
    public Configuration FirstConfiguration { get; }

    public SimMember[] Members { get; }

    public SimClients Clients { get; }

    public Nemesis Nemesis { get; }

    public FaultAtlas Faults { get; }

    public Invariants Invariants { get; }

    public DurabilityGhosts Durability { get; }

    /// <summary>Virtual time in microseconds.</summary>
    public long Now { get; set; }

    /// <summary>Events handled.</summary>
    public long Steps { get; set; }

    public void Schedule(long delay, EventKind kind, object? payload = null) =>
        Events.Add(Now + delay, kind, -1, 0, payload);

    public void Schedule(long delay, EventKind kind, SimMember member, object? payload = null) =>
        Events.Add(Now + delay, kind, member.Number, member.Incarnation, payload);

    /// <summary>The member that leads in the highest term; there may be others that don't know yet. -1: none.</summary>
    public int Leader()
    {
        var leader = -1;
        foreach (var member in Members)
        {
            if (member.Node is { Role: RaftRole.Leader } node
                && (leader < 0 || node.Term > Members[leader].Node!.Term))
            {
                leader = member.Number;
            }
        }

        return leader;
    }

    public SimMember Member(MemberId id) => Members[(int)id.Value - 1];

    /// <summary>It observes from the beginning on: the last machines do.</summary>
    public bool IsFirstObserver(int number) => number >= Options.Members - Options.Observers;

    private static ImmutableSortedSet<MemberId> Ids(int from, int to) =>
        [.. Enumerable.Range(from + 1, to - from).Select(id => new MemberId((ulong)id))];
}
