namespace Blixard.Raft.Simulation.World;

/// <summary>
/// Whose disk may be damaged: never so many that a quorum of intact ones is not left, for then nothing could be
/// repaired, and nobody could promise anything. The members that a run may damage are drawn once, so that no index is
/// ever damaged on more of them (TigerBeetle's ClusterFaultAtlas, testing/storage.zig).
/// </summary>
internal sealed class FaultAtlas
{
    private readonly SimWorld _world;
    private readonly HashSet<int> _mayBeDamaged = [];

    public FaultAtlas(SimWorld world)
    {
        _world = world;
        for (var left = (world.Options.Voters - 1) / 2; left > 0; left--)
        {
            _mayBeDamaged.Add(world.Random.Below(world.Options.Voters));
        }

        for (var learner = world.Options.Voters; learner < world.Options.Members; learner++)
        {
            _mayBeDamaged.Add(learner);
        }
    }

    /// <summary>Voters that a quorum can do without, besides those whose disks are damaged.</summary>
    public int Spare =>
        ((_world.Options.Voters - 1) / 2) - _world.Members.Count(member => member.Number < _world.Options.Voters && member.Disk.WasDamaged);

    public bool MayDamage(SimMember member) => _mayBeDamaged.Contains(member.Number);
}
