using System.Collections.Immutable;

namespace Blixard.Node.Agent;

/// <summary>
/// What the cluster is known to have of this host, and so what is still to be told: the difference between the view
/// and this, never a queue of events, so nothing can be lost between them.
/// </summary>
internal sealed class ReportedState(DeadBand deadBand)
{
    private readonly Dictionary<string, AgentVm> _told = new(StringComparer.Ordinal);

    public DeadBand DeadBand { get; set; } = deadBand;

    /// <summary>The next report must name every VM: it is the first, or the cluster has missed one.</summary>
    public bool NeedsComplete { get; private set; } = true;

    /// <summary>The number of the last report that was applied; 0: none yet.</summary>
    public ulong Sequence { get; private set; }

    public void ForgetAll()
    {
        _told.Clear();
        NeedsComplete = true;
    }

    /// <summary>VMs to report now.</summary>
    /// <param name="complete">All of them.</param>
    public ImmutableArray<AgentVm> Due(AgentView view, bool complete)
    {
        var due = ImmutableArray.CreateBuilder<AgentVm>();
        foreach (var vm in view.Vms.Values)
        {
            if (complete || !_told.TryGetValue(vm.Name, out var told) || Differs(told, vm))
            {
                due.Add(vm);
            }
        }

        return due.DrainToImmutable();
    }

    /// <summary>True if the host no longer has a VM that it has told of: a complete report makes that known.</summary>
    public bool HasGone(AgentView view)
    {
        foreach (var name in _told.Keys)
        {
            if (!view.Vms.ContainsKey(name))
            {
                return true;
            }
        }

        return false;
    }

    public void RequireComplete() => NeedsComplete = true;

    public void Acknowledged(
        ulong sequence, IEnumerable<AgentVm> reported, IReadOnlySet<string> refused, bool complete)
    {
        Sequence = sequence;
        if (complete)
        {
            _told.Clear();
            NeedsComplete = false;
        }

        foreach (var vm in reported)
        {
            if (refused.Contains(vm.Name))
            {
                _told.Remove(vm.Name);
            }
            else
            {
                _told[vm.Name] = vm;
            }
        }
    }

    private bool Differs(AgentVm told, AgentVm now) =>
        !ReferenceEquals(told, now) && (!told.SaysTheSame(now) || DeadBand.IsLeft(told, now));
}
