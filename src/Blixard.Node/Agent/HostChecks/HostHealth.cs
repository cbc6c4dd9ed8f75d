using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Makes the checks of this host's VMs, after each sampling. Called by the agent's loop alone, and never waits:
/// journals, scripts and restarts are looked after beside it. A sample in which nothing turned costs no memory: there
/// are many of them.
/// </summary>
internal sealed class HostHealth(
    HealthSettings settings,
    AgentSettings agent,
    IProposals cluster,
    ErrorLog errors,
    ScriptResults scripts,
    RecoveryBook recoveries,
    TimeProvider time)
{
    private readonly Dictionary<string, JudgedVm> _vms = new(StringComparer.Ordinal);
    private readonly List<HostCheck> _found = [];

    /// <summary>The view with what was found; the same VM where there is nothing new to tell.</summary>
    public AgentView Judge(AgentView view)
    {
        var state = cluster.State;
        ImmutableSortedDictionary<string, AgentVm>.Builder? changed = null;
        foreach (var (name, vm) in view.Vms)
        {
            var known = state.Vms.GetValueOrDefault(name);
            if (!_vms.TryGetValue(name, out var judged))
            {
                _vms.Add(name, judged = Begin(name, known));
            }

            var findings = vm.Unseen ? judged.Told : Judge(vm, known?.HealthPolicy ?? VmHealthPolicy.None, judged);
            if (!ReferenceEquals(findings, vm.Findings))
            {
                changed ??= view.Vms.ToBuilder();
                changed[name] = vm with { Findings = findings };
            }
        }

        if (_vms.Count > view.Vms.Count)
        {
            foreach (var gone in _vms.Keys.Where(name => !view.Vms.ContainsKey(name)).ToArray())
            {
                _vms.Remove(gone);
            }
        }

        return changed is null ? view : view with { Vms = changed.ToImmutable() };
    }

    /// <summary>A message that the log takes, cut between two characters.</summary>
    public static string Short(string message, int max = CommandValidator.MaxMessageLength) =>
        message.Length <= max ? message
        : char.IsHighSurrogate(message[max - 1]) ? message[..(max - 1)]
        : message[..max];

    /// <summary>
    /// Goes on from what the cluster has of this host: a daemon that was restarted is no reason for another verdict.
    /// </summary>
    private JudgedVm Begin(string name, Vm? known)
    {
        var before = known?.Observations.GetValueOrDefault(agent.Node);
        foreach (var probe in known?.HealthPolicy?.Probes.Values ?? [])
        {
            if (probe.Kind == ProbeKind.Script && before?.Checks.GetValueOrDefault(probe.Name) is { } check)
            {
                scripts.Begin(name, HostCheck.Of(check));
            }
        }

        return new(settings, before, time);
    }

    private HostFindings Judge(AgentVm vm, VmHealthPolicy policy, JudgedVm judged)
    {
        // One that was never started here is not judged: another host may run it.
        _found.Clear();
        if (vm is { Monotonic: 0, State: VmState.Stopped })
        {
            return judged.Tell(_found, [], recoveries.Of(vm.Name));
        }

        var counted = errors.Of(vm);
        var lines = judged.Journal.Take(_found, counted, policy);
        judged.Usage.Take(_found, vm, policy);
        if (settings.Anomalies && policy.Anomalies)
        {
            _found.Add(judged.Anomaly.Take(vm, counted.Total));
        }

        if (vm.State == VmState.Running && policy.Probes.Count > 0)
        {
            scripts.AddTo(_found, vm.Name, policy);
        }

        return judged.Tell(_found, lines, recoveries.Of(vm.Name));
    }
}
