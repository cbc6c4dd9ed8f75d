using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>What the invariants saw of one member at its last step: what may only grow is compared with it.</summary>
internal sealed class Observed
{
    public ulong Term { get; set; }

    public ulong Commit { get; set; }

    public ulong Durable { get; set; }

    public ulong Applied { get; set; }

    public RaftRole Role { get; set; }

    /// <summary>Where the last walk back through its log for the configuration in force began.</summary>
    public LogEntry? WalkedFrom { get; set; }

    /// <summary>What that walk found; null: no entry of a configuration.</summary>
    public Configuration? Found { get; set; }

    /// <summary>By which it went last.</summary>
    public Configuration Configuration { get; set; } = Configuration.Empty;
}
