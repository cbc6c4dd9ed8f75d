namespace Blixard.Systemd.MicroVms;

/// <summary>What a unit's state means for the VM in it.</summary>
public enum VmState
{
    /// <summary>
    /// None of the others: exited, reloading, in maintenance, or a state that a later systemd invents.
    /// </summary>
    Unknown = 0,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
}

public static class VmStates
{
    /// <summary>
    /// Maps systemd's states. <c>activating</c> includes auto-restart: a guest that powered off is being started again.
    /// </summary>
    public static VmState FromUnit(string activeState, string subState) => (activeState, subState) switch
    {
        ("activating", _) => VmState.Starting,
        ("active", "running") => VmState.Running,
        ("deactivating", _) => VmState.Stopping,
        ("inactive", _) => VmState.Stopped,
        ("failed", _) => VmState.Failed,
        _ => VmState.Unknown,
    };
}
