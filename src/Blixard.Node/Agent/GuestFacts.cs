using Blixard.Hypervisor;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Agent;

/// <summary>What is known of one run of a VM from its hypervisor. Null is "it did not say".</summary>
/// <param name="MainPid">Of the run: another process is another run.</param>
/// <param name="Asked">What it answered on its control socket.</param>
/// <param name="AskedBy">In which protocol that was.</param>
/// <param name="CommandLine">What its process was started with.</param>
internal sealed record GuestFacts(
    int MainPid, GuestSize? Asked, ControlProtocol? AskedBy, HypervisorCommandLine? CommandLine)
{
    /// <summary>Why it does not answer, as long as it does not; null: it answered, or there is nobody to ask.</summary>
    public string? Trouble { get; init; }

    /// <summary>When it first did not.</summary>
    public DateTimeOffset? TroubleSince { get; init; }

    public int? Vcpus => Asked?.Vcpus ?? CommandLine?.Vcpus;
}

/// <summary>How much memory a VM may use.</summary>
internal readonly record struct MemoryLimit(ulong Bytes, MemoryLimitSource Source)
{
    /// <summary>The hypervisor's own word, else memory.max of the unit, else the command line.</summary>
    public static MemoryLimit? Of(GuestFacts? guest, VmSample? sample) => (guest, sample) switch
    {
        ({ Asked: { } size, AskedBy: { } protocol }, _) => new MemoryLimit(size.MemoryBytes, SourceOf(protocol)),
        (_, { Cgroup.MemoryMax: { } max }) => new MemoryLimit(max, MemoryLimitSource.Cgroup),
        ({ CommandLine.MemoryBytes: { } bytes }, _) => new MemoryLimit(bytes, MemoryLimitSource.CommandLine),
        _ => null,
    };

    private static MemoryLimitSource SourceOf(ControlProtocol protocol) => protocol switch
    {
        ControlProtocol.Qmp => MemoryLimitSource.Qmp,
        ControlProtocol.CloudHypervisor => MemoryLimitSource.CloudHypervisor,
        ControlProtocol.Firecracker => MemoryLimitSource.Firecracker,
        _ => MemoryLimitSource.Unknown,
    };
}
