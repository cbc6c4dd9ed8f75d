using Blixard.Node.Agent;
using Blixard.Systemd.Cgroups;

namespace Blixard.Node.Tests.Agent;

/// <summary>Gives running VMs the memory that the test sets.</summary>
internal sealed class FakeSampler : IVmSampler
{
    public ulong? MemoryBytes { get; set; }

    /// <summary>The limit of their cgroups; null: none.</summary>
    public ulong? MemoryMax { get; set; }

    public AgentView Sample(AgentView view) => view with
    {
        Vms = view.Vms.SetItems(view.Vms
            .Where(vm => vm.Value.ControlGroup is not null)
            .Select(vm => KeyValuePair.Create(vm.Key, vm.Value with
            {
                Sample = new(
                    DateTimeOffset.UnixEpoch.AddDays(1),
                    new CgroupSample(0, null, MemoryBytes, MemoryMax, null, null, null, null, null, null, null),
                    null,
                    null),
            }))),
    };
}
