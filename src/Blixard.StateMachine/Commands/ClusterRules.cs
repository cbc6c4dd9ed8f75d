namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about the cluster as a whole, all of them decisions of the leader.</summary>
internal static class ClusterRules
{
    public static string? Check(SetClusterVersion body, ulong decidedTerm) =>
        (decidedTerm == 0 ? "the cluster version is decided by the leader: decided_term is missing" : null)
        ?? (body.Version == 0 ? "version is missing" : null);

    public static string? Check(AdvanceTime body, ulong decidedTerm) =>
        (decidedTerm == 0 ? "time is advanced by the leader: decided_term is missing" : null)
        ?? (body.ElapsedMs == 0 ? "elapsed_ms is missing" : null);
}
