using System.Collections.Immutable;
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

    public AgentView Sample(AgentView view)
    {
        var at = time.GetUtcNow();
        var vms = view.Vms;
        ImmutableSortedDictionary<string, AgentVm>.Builder? changed = null;
        foreach (var (name, vm) in vms)
        {
            if (vm is { ControlGroup: { } group, State: VmState.Running or VmState.Starting or VmState.Stopping })
            {
                var sample = ReadersOf(vm, group)?.Read(at);
                changed ??= vms.ToBuilder();
                changed[name] = vm with { Sample = sample, FiguresMissing = sample is null };
            }
            else
            {
                Forget(name);
            }
        }

        foreach (var gone in _readers.Keys.Where(name => !vms.ContainsKey(name)).ToArray())
        {
            Forget(gone);
        }

        return view with { Vms = changed?.ToImmutable() ?? vms };
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
            && readers.Pid == vm.MainPid
            && ReferenceEquals(readers.Definition, vm.Definition))
        {
            return readers;
        }

        Forget(vm.Name);
        readers = new(new CgroupReader(root, group, time, errors), vm, errors, time);
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

    /// <summary>Of one run of a VM.</summary>
    private sealed class Readers(CgroupReader cgroup, AgentVm vm, ReadErrors errors, TimeProvider time) : IDisposable
    {
        private readonly TapReader[] _taps =
            [.. (vm.Definition?.TapInterfaces ?? []).Select(tap => new TapReader(tap, errors))];

        // Without a tap, what the main process's own network namespace counts; nothing if that is the host's.
        private readonly ProcessNetwork? _process =
            vm is { Definition: null or { TapInterfaces.Count: 0 }, MainPid: { } pid } ? new(pid, errors) : null;

        private readonly CpuRate _cpu = new(time);
        private readonly IoRate _io = new(time);
        private readonly NetworkRate _traffic = new(time);

        public string ControlGroup => cgroup.ControlGroup;

        public int? Pid { get; } = vm.MainPid;

        public DefinedVm? Definition { get; } = vm.Definition;

        /// <summary>Null if the cgroup is gone.</summary>
        public VmSample? Read(DateTimeOffset at)
        {
            if (cgroup.Read() is not { } sample)
            {
                return null;
            }

            var network = _process?.Read();
            foreach (var tap in _taps)
            {
                if (tap.Read() is { } counters)
                {
                    network = (network ?? default(NetworkCounters)) + counters;
                }
            }

            var (cpu, io, traffic) = (_cpu.Update(sample), _io.Update(sample), _traffic.Update(sample.Timestamp, network));
            return new(at, sample, cpu, network) { IoRates = io, NetworkRates = traffic };
        }

        public void Dispose()
        {
            cgroup.Dispose();
            _process?.Dispose();
            foreach (var tap in _taps)
            {
                tap.Dispose();
            }
        }
    }
}
