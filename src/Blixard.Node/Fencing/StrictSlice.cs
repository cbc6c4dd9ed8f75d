using Blixard.Systemd.Cgroups;

namespace Blixard.Node.Fencing;

/// <summary>The slice that the fence empties.</summary>
internal interface IStrictSlice
{
    /// <summary>The kernel says that no process is in it. What can't be told is a no.</summary>
    bool IsEmpty { get; }
}

/// <summary>That of this host.</summary>
internal sealed class StrictSlice(CgroupRoot? cgroups) : IStrictSlice
{
    /// <summary>Its unit.</summary>
    public const string Name = "blixard-strict.slice";

    private const string ControlGroup = "/blixard.slice/blixard-strict.slice";

    // Where systemd mounts it, and where the fence looks: a host with another place has no fence.
    private const string Root = "/sys/fs/cgroup";

    public bool IsEmpty => cgroups is { Path: Root } && !cgroups.IsPopulated(ControlGroup);
}
