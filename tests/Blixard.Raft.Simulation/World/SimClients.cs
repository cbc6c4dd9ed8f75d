using Blixard.Raft.Core;

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
}

/// <summary>
/// The clients: each numbers its writes, retries them anywhere until one is acknowledged, and reads. Every write takes
/// effect once, and one that was acknowledged is never lost.
/// </summary>
internal sealed class SimClients
{
    private const int RetryAfter = 60_000;

    private readonly SimWorld _world;
    private readonly List<OpenWrite>[] _open;
    private readonly uint[] _sequences;
    private readonly Dictionary<Write, ulong> _effects = [];
    private readonly List<Write> _acknowledged = [];
    private ulong _reads;

    public SimClients(SimWorld world)
    {
        _world = world;
        _open = [.. Enumerable.Range(0, world.Options.Clients).Select(_ => new List<OpenWrite>())];
        _sequences = new uint[world.Options.Clients];
    }

    public int AcknowledgedCount => _acknowledged.Count;

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
            Propose(member, overdue);
        }
        else if (_open[client].Count < options.Window && MayOpen(client))
        {
            Propose(member, Open(client));
        }
    }

    /// <summary>Reads through this member; true if somebody leads there.</summary>
    public bool Read(SimMember member) => member.Reads.Begin(++_reads);

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
        }

        foreach (var open in _open[write.Client])
        {
            if (open.Write == write)
            {
                if (open.WaitsAt[member.Number] == member.Incarnation)
                {
                    _acknowledged.Add(write);
                    _open[write.Client].Remove(open);
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
        var write = new Write(client, ++_sequences[client]);
        var data = write.Encode(_world.Random.Below(_world.Options.PaddingHigh + 1));
        var open = new OpenWrite(write, data, _world.Members.Length);
        _open[client].Add(open);
        return open;
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
        _world.Trace.Add(_world, member.Number, "propose", (open.Write, result.Status, result.Index));
    }
}
