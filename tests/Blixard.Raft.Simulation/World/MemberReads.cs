using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>A linearizable read under way at one member.</summary>
/// <param name="Context">Unique in the run.</param>
/// <param name="Floor">What was committed anywhere when it began: it must see at least that.</param>
/// <param name="Read">What its client knows of it.</param>
internal sealed record OpenRead(ulong Context, ulong Floor, ClientRead Read);

/// <summary>The reads of one member, from the question for an index until the state is new enough.</summary>
internal sealed class MemberReads(SimWorld world, SimMember member)
{
    private readonly Dictionary<ulong, OpenRead> _asked = [];
    private readonly List<(OpenRead Open, ulong Index)> _waiting = [];

    public long Served { get; private set; }

    public int OpenCount => _asked.Count + _waiting.Count;

    public void Forget()
    {
        _asked.Clear();
        _waiting.Clear();
    }

    /// <summary>False: nobody leads here, so the read was not taken.</summary>
    public bool Begin(ulong context, ClientRead read)
    {
        _asked.Add(context, new(context, world.Invariants.CommittedIndex, read));
        if (member.ReadIndex(context))
        {
            return true;
        }

        _asked.Remove(context);
        return false;
    }

    /// <summary>Messages may have been lost: ask again, as the contract of ReadIndex says.</summary>
    public void AskAgain()
    {
        foreach (var context in _asked.Keys.ToArray())
        {
            if (_asked.ContainsKey(context) && !member.ReadIndex(context))
            {
                _asked.Remove(context);
            }
        }
    }

    public void Confirmed(ReadState read)
    {
        if (!_asked.Remove(read.Context, out var open))
        {
            return;
        }

        world.Invariants.Require(
            read.Index >= open.Floor,
            "LinearizableRead",
            $"read {read.Context} at m{member.Id.Value} was given index {read.Index}; {open.Floor} was committed before it began");
        _waiting.Add((open, read.Index));
        Applied();
    }

    public void Dropped(ulong context) => _asked.Remove(context);

    /// <summary>The state moved on: serves what it is new enough for.</summary>
    public void Applied()
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var (open, index) = _waiting[i];
            if (index <= member.Machine.Applied)
            {
                _waiting.RemoveAt(i);
                Served++;
                world.Clients.Served(member, open.Read);
            }
        }
    }
}
