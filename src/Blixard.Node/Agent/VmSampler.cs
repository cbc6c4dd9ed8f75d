using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Network;

namespace Blixard.Node.Agent;

/// <summary>
/// The kernel's figures of running VMs. Readers, with their open files, are kept from sample to sample for as long as
/// the VM runs in the same cgroup. One that vanishes between two samples has none, and never stops the others.
/// </summary>
internal sealed class VmSampler(CgroupRoot? root, ReadErrors errors, TimeProvider time) : IVmSampler, IDisposable
{
    private readonly Dictionary<string, Readers> _readers = new(StringComparer.Ordinal);
    private readonly ProcessNetwork _processNetwork = new(errors);

    public AgentView Sample(AgentView view)
    {
        var vms = view.Vms.ToBuilder();
        foreach (var vm in view.Vms.Values)
        {
            if (vm.ControlGroup is { } group && vm.State is VmState.Running or VmState.Starting or VmState.Stopping)
            {
                vms[vm.Name] = vm with { Sample = ReadersOf(vm, vm.ControlGroup)?.Read(time.GetUtcNow()) };
            }
            else
            {
                Forget(vm.Name);
            }
        }

        foreach (var gone in _readers.Keys.Where(name => !view.Vms.ContainsKey(name)).ToArray())
        {
            Forget(gone);
        }

        return view with { Vms = vms.ToImmutable() };
    }

    public void Dispose()
    {
        foreach (var name in _readers.Keys.ToArray())
        {
            Forget(name);
        }
    }

    private Readers? ReadersOf(AgentVm vm, string group)
    {
        if (root is null)
        {
            return null;
        }

        // A new run is another cgroup with the same path: its main process tells.
        if (_readers.TryGetValue(vm.Name, out var readers)
            && readers.ControlGroup == group
            && readers.Pid == vm.MainPid)
        {
            return readers;
        }

        Forget(vm.Name);
        readers = new(
            new CgroupReader(root, group, time, errors),
            [.. (vm.Definition?.TapInterfaces ?? []).Select(tap => new TapReader(tap, errors))],
            vm.MainPid,
            _processNetwork,
            time);
        _readers.Add(vm.Name, readers);
        return readers;
    }

    private void Forget(string name)
    {
        if (_readers.Remove(name, out var readers))
        {
            readers.Dispose();
        }
    }

    private sealed class Readers(
        CgroupReader cgroup, TapReader[] taps, int? pid, ProcessNetwork processNetwork, TimeProvider time) : IDisposable
    {
        private readonly CpuRate _cpu = new(time);

        public string ControlGroup => cgroup.ControlGroup;

        public int? Pid => pid;

        public VmSample? Read(DateTimeOffset at)
        {
            if (cgroup.Read() is not { } sample)
            {
                return null;
            }

            // Without a tap, what the main process's own network namespace counts; nothing if that is the host's.
            var network = taps.Length == 0 && pid is { } main ? processNetwork.Read(main) : null;
            foreach (var tap in taps)
            {
                if (tap.Read() is { } counters)
                {
                    network = (network ?? default(NetworkCounters)) + counters;
                }
            }

            return new(at, sample, _cpu.Update(sample), network);
        }

        public void Dispose()
        {
            cgroup.Dispose();
            foreach (var tap in taps)
            {
                tap.Dispose();
            }
        }
    }
}
