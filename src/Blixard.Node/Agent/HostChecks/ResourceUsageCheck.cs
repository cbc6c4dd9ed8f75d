using System.Globalization;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// CPU below a part of what the VM's processors can do (of one processor where their number is not known), and memory
/// below a part of its real limit. What can't be measured is said and does not fail.
/// </summary>
/// <param name="before">What holds until enough samples say otherwise; null: that it passes.</param>
internal sealed class ResourceUsageCheck(HealthSettings settings, NodeObservation? before)
{
    public const string Name = "resource_usage";

    private const string NotKnown = "n/a";

    private readonly InARow _result = new(
        settings.SamplesInARow,
        settings.SamplesInARow,
        passes: before?.Checks.GetValueOrDefault(Name)?.Passed ?? true);

    private HostCheck? _last;
    private Usage _of;

    /// <summary>
    /// Adds the check to what was found, the same as before until it turns or a figure has left its dead band; nothing
    /// while nothing was sampled: then the VM does not run.
    /// </summary>
    public void Take(List<HostCheck> found, AgentVm vm, VmHealthPolicy policy)
    {
        if (vm.Sample is null || !vm.IsAtWork)
        {
            _last = null;
            return;
        }

        var usage = Usage.Of(vm);
        var passes = _result.Take(usage.Passes(policy, settings));
        if (_last is null || _last.Passed != passes || usage.HasLeft(_of, settings.DeadBand))
        {
            (_last, _of) = (Check(usage, passes, settings), usage);
        }

        found.Add(_last);
    }

    /// <summary>Of one sample alone; null without one.</summary>
    public static HostCheck? Run(AgentVm vm, VmHealthPolicy policy, HealthSettings settings) =>
        vm.Sample is null || !vm.IsAtWork
            ? null
            : Check(Usage.Of(vm), Usage.Of(vm).Passes(policy, settings), settings);

    private static HostCheck Check(in Usage usage, bool passed, HealthSettings settings)
    {
        var message = settings.ResourceUsageMessage
            .Replace("{cpu}", Percent(usage.Cpu), StringComparison.Ordinal)
            .Replace("{memory}", Megabytes(usage.Memory), StringComparison.Ordinal);
        var missing = usage switch
        {
            { Cpu: null, Memory: null } => " (CPU and memory can't be measured here)",
            { Memory: null } => " (memory can't be measured here)",
            { Cpu: null } => " (CPU is not known yet)",
            { Limit: null } => " (no limit of memory is known)",
            _ => "",
        };
        return new(Name, passed, HostHealth.Short(message + missing), settings.Weights.GetValueOrDefault(Name));
    }

    private static string Percent(double? percent) => percent is { } value
        ? value.ToString("0.0", CultureInfo.InvariantCulture) + "%"
        : NotKnown;

    private static string Megabytes(ulong? bytes) => bytes is { } value
        ? (value / (1024 * 1024)).ToString(CultureInfo.InvariantCulture) + "MB"
        : NotKnown;

    /// <summary>Percent of one CPU, bytes; null: not known.</summary>
    private readonly record struct Usage(double? Cpu, int? Vcpus, ulong? Memory, ulong? Limit)
    {
        public static Usage Of(AgentVm vm) =>
            new(vm.Sample!.CpuPercent, vm.Guest?.Vcpus, vm.Sample.Cgroup.MemoryCurrent, vm.MemoryLimit?.Bytes);

        public bool Passes(VmHealthPolicy policy, HealthSettings settings) =>
            !(Cpu >= (policy.MaxCpuPercent ?? (uint)settings.MaxCpuPercent) * (double)(Vcpus ?? 1))
            && !(Memory >= Limit * (policy.MaxMemoryPercent ?? (uint)settings.MaxMemoryPercent) / 100.0);

        /// <summary>Is what was said of <paramref name="told"/> no longer near enough?</summary>
        public bool HasLeft(in Usage told, DeadBand band) =>
            Cpu is null != told.Cpu is null
            || Memory is null != told.Memory is null
            || Limit is null != told.Limit is null
            || Math.Abs((Cpu ?? 0) - (told.Cpu ?? 0)) > band.CpuPercent
            || Math.Abs((double)(Memory ?? 0) - (told.Memory ?? 0)) > band.Bytes;
    }
}
