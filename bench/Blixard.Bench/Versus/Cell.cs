namespace Blixard.Bench.Versus;

/// <summary>One row of load: so many clients, doing this, at the leader only or at all.</summary>
internal sealed record Cell(string Name, int Clients, bool LeaderOnly, CellKind Kind)
{
    public static IReadOnlyList<Cell> All { get; } =
    [
        new("writes_1", 1, LeaderOnly: true, CellKind.Write),
        new("writes_16", 16, LeaderOnly: false, CellKind.Write),
        new("writes_64", 64, LeaderOnly: false, CellKind.Write),
        new("writes_64_leader", 64, LeaderOnly: true, CellKind.Write),
        new("writes_256", 256, LeaderOnly: false, CellKind.Write),
        new("reads_linearizable_64", 64, LeaderOnly: false, CellKind.LinearizableRead),
        new("reads_stale_64", 64, LeaderOnly: false, CellKind.StaleRead),
    ];
}

internal enum CellKind
{
    Write,
    LinearizableRead,
    StaleRead,
}
