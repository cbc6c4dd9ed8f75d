using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>Facts of VMs between their message, as commands and snapshots carry it, and the state.</summary>
internal static class FactsCodec
{
    public static Facts Read(VmFacts item) => new()
    {
        Hypervisor = item.Hypervisor,
        Vcpus = item.HasVcpus ? item.Vcpus : null,
        Taps = [.. item.Taps],
        Macvtaps = [.. item.Macvtaps],
        VsockCid = item.HasVsockCid ? item.VsockCid : null,
        RunningRunner = item.RunningRunner,
        CurrentRunner = item.CurrentRunner,
        MemoryLimitSource = item.MemoryLimitSource,
        Storage = item.Storage,
    };

    public static VmFacts Write(Facts facts)
    {
        var item = new VmFacts
        {
            Hypervisor = facts.Hypervisor,
            Taps = { facts.Taps },
            Macvtaps = { facts.Macvtaps },
            RunningRunner = facts.RunningRunner,
            CurrentRunner = facts.CurrentRunner,
            MemoryLimitSource = facts.MemoryLimitSource,
            Storage = facts.Storage,
        };
        if (facts.Vcpus is { } vcpus)
        {
            item.Vcpus = vcpus;
        }

        if (facts.VsockCid is { } cid)
        {
            item.VsockCid = cid;
        }

        return item;
    }
}
