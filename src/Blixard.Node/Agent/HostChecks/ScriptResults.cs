using System.Collections.Concurrent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>What the scripts of this host last said. Written by <see cref="ScriptRunner"/>, read by anyone.</summary>
internal sealed class ScriptResults
{
    private readonly ConcurrentDictionary<(string Vm, string Probe), HostCheck> _last = new();

    /// <summary>What holds until the script has run; nothing new where it has.</summary>
    public void Begin(string vm, HostCheck check) => _last.TryAdd((vm, check.Name), check);

    public void Put(string vm, HostCheck check) => _last[(vm, check.Name)] = check;

    public void Remove(string vm, string probe) => _last.TryRemove((vm, probe), out _);

    public HostCheck? Last(string vm, string probe) => _last.GetValueOrDefault((vm, probe));

    /// <summary>Adds what the scripts said that the policy has now.</summary>
    public void AddTo(List<HostCheck> found, string vm, VmHealthPolicy policy)
    {
        foreach (var probe in policy.Probes.Values)
        {
            if (probe.Kind == ProbeKind.Script && Last(vm, probe.Name) is { } check)
            {
                found.Add(check);
            }
        }
    }
}
