using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// The links between members, each direction for itself. Messages are lost, repeated, late and, unless the links are
/// like one connection each, out of order.
/// </summary>
internal sealed class SimNetwork(SwarmOptions options, SimRandom random)
{
    private readonly bool[,] _cut = new bool[options.Members, options.Members];

    // When the last message that each link took arrives.
    private readonly long[,] _busyUntil = new long[options.Members, options.Members];

    /// <summary>Chaos is over: all links work, nothing is lost.</summary>
    public bool IsCalm { get; private set; }

    public bool Works(int from, int to) => !_cut[from, to];

    /// <summary>When a message sent now arrives: never, once or twice.</summary>
    public (long? First, long? Second) Arrivals(int from, int to, long now)
    {
        if (IsCalm)
        {
            return (InOrder(from, to, now + random.Between(100, 2_000)), null);
        }

        if (_cut[from, to] || random.Chance(options.DropChance))
        {
            return (null, null);
        }

        var first = now + Delay();
        return (
            options.OrderedLinks ? InOrder(from, to, first) : first,
            random.Chance(options.DuplicateChance) ? now + Delay() : null);
    }

    public void Calm()
    {
        Array.Clear(_busyUntil);
        IsCalm = true;
        Array.Clear(_cut);
    }

    public void Isolate(int member) => Set(member, cut: true);

    public void Rejoin(int member) => Set(member, cut: false);

    /// <summary>Changes the links in one of the ways that networks fail; returns what it did.</summary>
    public string Rearrange(int leader)
    {
        Array.Clear(_cut);
        var members = options.Members;
        if (members == 1 || random.Chance(options.HealChance))
        {
            return "all links work";
        }

        switch (random.Below(6))
        {
            case 0:
                var sides = random.Next();
                CutWhere((from, to) => (sides >> from & 1) != (sides >> to & 1));
                return "two sides";
            case 1:
                var links = random.Next();
                CutWhere((from, to) => (links >> (((from * members) + to) % 64) & 1) != 0);
                return "some links, one way";
            case 2 when leader >= 0:
                CutWhere((from, to) => from == leader || to == leader);
                return $"leader {leader + 1} alone";
            case 3 when leader >= 0:
                var deaf = random.Chance(500);
                CutWhere((from, to) => (deaf ? to : from) == leader);
                return $"leader {leader + 1} {(deaf ? "hears nobody" : "is heard by nobody")}";
            case 4:
                // Two halves that only one member can still talk to.
                var bridge = random.Below(members);
                CutWhere((from, to) => from != bridge && to != bridge && (from < members / 2) != (to < members / 2));
                return $"bridge over {bridge + 1}";
            case 5:
                // Everybody reaches a majority, and no two the same one.
                var reach = (members + 1) / 4;
                CutWhere((from, to) => Distance(from, to, members) > reach);
                return "ring of majorities";
            default:
                var alone = random.Below(members);
                CutWhere((from, to) => from == alone || to == alone);
                return $"{alone + 1} alone";
        }
    }

    private void Set(int member, bool cut)
    {
        for (var other = 0; other < options.Members; other++)
        {
            _cut[member, other] = _cut[other, member] = cut && other != member;
        }
    }

    private long InOrder(int from, int to, long arrival) =>
        _busyUntil[from, to] = Math.Max(arrival, _busyUntil[from, to] + 1);

    private long Delay() =>
        random.Chance(options.StragglerChance)
            ? random.Between(options.LatencyHigh, options.LatencyHigh + options.StragglerDelay)
            : random.Between(options.LatencyLow, options.LatencyHigh);

    private void CutWhere(Func<int, int, bool> cut)
    {
        for (var from = 0; from < options.Members; from++)
        {
            for (var to = 0; to < options.Members; to++)
            {
                _cut[from, to] = from != to && cut(from, to);
            }
        }
    }

    private static int Distance(int from, int to, int members)
    {
        var apart = Math.Abs(from - to);
        return Math.Min(apart, members - apart);
    }
}
