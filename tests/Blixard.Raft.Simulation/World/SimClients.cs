using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;

namespace Blixard.Raft.Simulation.World;

/// <summary>One write as its client knows it.</summary>
internal sealed class OpenWrite(Write write, byte[] data, int members)
{
    public Write Write => write;

    public byte[] Data => data;

    /// <summary>
    /// Per member the incarnation that holds a waiter for this write, or -1: only such a one acknowledges.
    /// </summary>
    public int[] WaitsAt { get; } = [.. Enumerable.Repeat(-1, members)];

    public long LastProposed { get; set; }

    /// <summary>Some member took it: whether it takes effect is not known before it is acknowledged.</summary>
    public bool WasTaken { get; set; }
}

/// <summary>A read as its client knows it.</summary>
/// <param name="Operation">It in the history.</param>
/// <param name="Floor">The newest entry whose effect on this key somebody had seen or been told of when it began.</param>
internal sealed record ClientRead(HistoryOperation Operation, int Key, ulong Floor);

/// <summary>
/// The clients: each numbers its writes, retries them anywhere until one is acknowledged or it has lost patience, and
/// reads. Every write takes effect at most once, one that was acknowledged is never lost, one that was refused
/// everywhere never happens, and no read goes back behind what anybody knew when it began.
/// </summary>
internal sealed class SimClients
{
    private const int RetryAfter = 60_000;

    private readonly SimWorld _world;
    private readonly List<OpenWrite>[] _open;
    private readonly uint[] _sequences;
    private readonly ulong[] _floors;
    private readonly Dictionary<Write, ulong> _effects = [];
    private readonly HashSet<Write> _refused = [];
    private readonly List<Write> _acknowledged = [];
    private ulong _reads;

    public SimClients(SimWorld world)
    {
        _world = world;
        _open = [.. Enumerable.Range(0, world.Options.Clients).Select(_ => new List<OpenWrite>())];
        _sequences = new uint[world.Options.Clients];
        _floors = new ulong[world.Options.Keys];
        History = new(world.Options.Keys);
    }

    public History History { get; }

    public int AcknowledgedCount => _acknowledged.Count;

    public int OpenWrites => _open.Sum(writes => writes.Count);

    public bool HasOpenWrites => Array.Exists(_open, writes => writes.Count > 0);

    /// <summary>One client does one thing.</summary>
    public void Act(int client)
    {
        var options = _world.Options;
        if (ChooseMember() is not { } member)
        {
            return;
        }

        if (_world.Random.Chance(options.ReadChance))
        {
            if (member.Reads.OpenCount > 0 && _world.Random.Chance(300))
            {
                member.Reads.AskAgain();
            }
            else
            {
                Read(member);
            }
        }
        else if (Overdue(client) is { } overdue && _world.Random.Chance(500))
        {
            if (_world.Random.Chance(options.GiveUpChance))
            {
                GiveUp(client, overdue);
            }
            else
            {
                Propose(member, overdue);
            }
        }
        else if (_open[client].Count < options.Window && MayOpen(client))
        {
            Propose(member, Open(client));
        }
    }

    /// <summary>Reads through this member; true if somebody leads there.</summary>
    public bool Read(SimMember member)
    {
        var key = _world.Random.Below(_floors.Length);
        return member.Reads.Begin(++_reads, new(History.BeginRead(key), key, _floors[key]));
    }

    /// <summary>A member answers a read from its state as it is now.</summary>
    public void Served(SimMember member, ClientRead read)
    {
        var register = member.Machine.Read(read.Key);
        _world.Invariants.Require(
            register.Index >= read.Floor,
            "MonotonicRead",
            $"m{member.Id.Value} answers key {read.Key} as of {register.Index}; {read.Floor} was known before the read began");
        _floors[read.Key] = Math.Max(_floors[read.Key], register.Index);
        History.EndRead(read.Operation, register.Value);
    }

    /// <summary>Gives every open write of everybody to this member, after opening one more each if asked.</summary>
    public void ProposeAll(SimMember member, bool openMore)
    {
        for (var client = 0; client < _open.Length; client++)
        {
            if (openMore && MayOpen(client))
            {
                Open(client);
            }

            foreach (var write in _open[client].ToArray())
            {
                Propose(member, write);
            }
        }
    }

    /// <summary>A member applied a write: whoever waits there is told.</summary>
    public void Applied(SimMember member, Write write, bool fresh, ulong index)
    {
        if (fresh)
        {
            _world.Invariants.Require(
                _effects.TryAdd(write, index) || _effects[write] == index,
                "ExactlyOnce",
                $"write {write} took effect at {index} on m{member.Id.Value}, and at {_effects[write]} elsewhere");
            _world.Invariants.Require(
                !_refused.Contains(write), "RefusedNeverHappens", $"write {write}, which every member refused, is applied");
        }

        foreach (var open in _open[write.Client])
        {
            if (open.Write == write)
            {
                if (open.WaitsAt[member.Number] == member.Incarnation)
                {
                    Acknowledge(open);
                }

                break;
            }
        }
    }

    /// <summary>At the end: this member's state has every acknowledged write.</summary>
    public void RequireAcknowledged(SimMember member)
    {
        foreach (var write in _acknowledged)
        {
            _world.Invariants.Require(
                member.Machine.Holds(write),
                "AcknowledgedIsKept",
                $"write {write} was acknowledged, and m{member.Id.Value} does not have it");
        }
    }

    private void Acknowledge(OpenWrite open)
    {
        var write = open.Write;
        _acknowledged.Add(write);
        _open[write.Client].Remove(open);
        _world.Invariants.Require(
            _effects.TryGetValue(write, out var effect), "ExactlyOnce", $"write {write} is acknowledged and had no effect");
        _floors[write.Key] = Math.Max(_floors[write.Key], effect);
        History.EndWrite(write);
    }

    private SimMember? ChooseMember()
    {
        var leader = _world.Leader();
        var member = leader >= 0 && _world.Random.Chance(_world.Options.LeaderChance)
            ? _world.Members[leader]
            : _world.Members[_world.Random.Below(_world.Members.Length)];
        return member.Node is null || member.PausedUntil > _world.Now ? null : member;
    }

    // The session remembers this many writes above the first that is missing.
    private bool MayOpen(int client) =>
        _open[client].Count == 0 || _sequences[client] - _open[client][0].Write.Sequence < Session.MaxWindow - 1;

    private OpenWrite Open(int client)
    {
        var sequence = ++_sequences[client];
        var done = _open[client].Count > 0 ? _open[client][0].Write.Sequence - 1 : sequence - 1;
        var write = new Write(client, sequence, done, _world.Random.Below(_floors.Length));
        var padding = _world.Random.Below(_world.Options.PaddingHigh + 1);
        var data = write.Encode(padding, _world.Random.Chance(_world.Options.NewKindChance));
        var open = new OpenWrite(write, data, _world.Members.Length);
        _open[client].Add(open);
        History.BeginWrite(write);
        return open;
    }

    private void GiveUp(int client, OpenWrite open)
    {
        _open[client].Remove(open);
        if (!open.WasTaken)
        {
            _refused.Add(open.Write);
            History.Refused(open.Write);
        }

        _world.Trace.Add(_world, -1, "gives up", open.Write);
    }

    private OpenWrite? Overdue(int client)
    {
        var writes = _open[client];
        var choice = writes.Count == 0 ? null : writes[_world.Random.Below(writes.Count)];
        return choice is not null && choice.LastProposed + RetryAfter < _world.Now ? choice : null;
    }

    private void Propose(SimMember member, OpenWrite open)
    {
        open.LastProposed = _world.Now;
        open.WaitsAt[member.Number] = member.Incarnation;
        var result = member.Propose(open.Data, onlyAsLeader: _world.Random.Chance(50));
        open.WasTaken |= result.Status is ProposeStatus.Appended or ProposeStatus.Forwarded;
        _world.Trace.Add(_world, member.Number, "propose", (open.Write, result.Status, result.Index));
    }
}
