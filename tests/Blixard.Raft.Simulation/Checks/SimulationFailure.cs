namespace Blixard.Raft.Simulation.Checks;

/// <summary>
/// Something that must hold did not. The run adds where and when (<see cref="World.SimulationRun"/>).
/// </summary>
internal sealed class InvariantBroken(string invariant, string detail) : Exception($"{invariant}: {detail}")
{
    public string Invariant => invariant;
}

/// <summary>A run that failed, with all that is needed to see it again.</summary>
internal sealed class SimulationFailure : Exception
{
    public SimulationFailure(string invariant, ulong seed, string report, Exception cause)
        : base(report, cause)
    {
        Invariant = invariant;
        Seed = seed;
    }

    public string Invariant { get; }

    public ulong Seed { get; }
}
