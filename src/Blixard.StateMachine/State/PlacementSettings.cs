using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How the planner places VMs. Part of the state, so that every leader plans alike.</summary>
/// <param name="MemoryOvercommitPercent">Of a node's memory that its VMs may need together.</param>
/// <param name="CpuOvercommitPercent">Of a node's CPUs that its VMs may have together.</param>
/// <param name="Strategy">Spread or pack.</param>
/// <param name="MaxMoving">VMs that drains move at the same time.</param>
public sealed record PlacementSettings(
    uint MemoryOvercommitPercent, uint CpuOvercommitPercent, PlacementStrategy Strategy, uint MaxMoving)
{
    public static PlacementSettings Default { get; } = new(
        MemoryOvercommitPercent: 100, CpuOvercommitPercent: 400, PlacementStrategy.Spread, MaxMoving: 4);
}
