using System.Globalization;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Does a VM behave otherwise than it did in the last hour? Of CPU, memory, automatic restarts and errors in the
/// journal, a value a minute. A hint and no verdict: it weighs little.
/// </summary>
internal sealed class AnomalyCheck(HealthSettings settings, TimeProvider time)
{
    public const string Name = "anomaly";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Outliers _cpu = new(settings.AnomalyDeviations, floor: 5);
    private readonly Outliers _memory = new(settings.AnomalyDeviations, floor: 16);
    private readonly Outliers _restarts = new(settings.AnomalyDeviations, floor: 0.2);
    private readonly Outliers _errors = new(settings.AnomalyDeviations, floor: 0.5);
    private HostCheck? _last;
    private long _since;
    private int? _pid;
    private uint _restartsBefore;
    private long _errorsBefore;
    private double _cpuSum;
    private int _cpuCount;
    private DateTimeOffset? _sampledAt;

    /// <summary>Takes a sample. The same check as before within a minute.</summary>
    /// <param name="vm">With its sample.</param>
    /// <param name="errors">In the journal, as long as they are counted.</param>
    public HostCheck Take(AgentVm vm, long errors)
    {
        if (_last is null)
        {
            (_since, _pid, _restartsBefore, _errorsBefore) = (time.GetTimestamp(), vm.MainPid, vm.Restarts, errors);
            _last = Check();
        }

        // systemd begins anew where somebody starts the unit, and errors are forgotten where there are none for an hour.
        _restartsBefore = Math.Min(_restartsBefore, vm.Restarts);
        _errorsBefore = Math.Min(_errorsBefore, errors);
        if (vm.MainPid != _pid)
        {
            // A new run: it starts otherwise than it runs.
            _pid = vm.MainPid;
            _cpu.Forget();
            _memory.Forget();
            (_cpuSum, _cpuCount) = (0, 0);
            _last = Check();
        }

        if (vm.Sample is { CpuPercent: { } percent } sample && sample.At != _sampledAt)
        {
            (_cpuSum, _cpuCount, _sampledAt) = (_cpuSum + percent, _cpuCount + 1, sample.At);
        }

        if (time.GetElapsedTime(_since) is var elapsed && elapsed >= Minute)
        {
            EndMinute(vm, errors, elapsed / Minute);
            _since = time.GetTimestamp();
            _last = Check();
        }

        return _last;
    }

    private void EndMinute(AgentVm vm, long errors, double minutes)
    {
        if (_cpuCount > 0)
        {
            _cpu.Add(_cpuSum / _cpuCount);
            (_cpuSum, _cpuCount) = (0, 0);
        }

        if (vm is { IsAtWork: true, Sample.Cgroup.MemoryCurrent: { } memory })
        {
            _memory.Add(memory / (1024.0 * 1024.0));
        }

        _restarts.Add((vm.Restarts - _restartsBefore) / minutes);
        _errors.Add((errors - _errorsBefore) / minutes);
        (_restartsBefore, _errorsBefore) = (vm.Restarts, errors);
    }

    private HostCheck Check()
    {
        var weight = settings.Weights.GetValueOrDefault(Name);
        if (_cpu.Raised || _memory.Raised || _restarts.Raised || _errors.Raised)
        {
            return new(Name, false, HostHealth.Short(string.Join("; ", Found())), weight);
        }

        var message = _restarts.IsReady ? "nothing unusual" : "watched for less than half an hour";
        return _last is { Passed: true } && _last.Message == message ? _last : new(Name, true, message, weight);
    }

    private IEnumerable<string> Found() => new[]
    {
        Told(_cpu, "CPU", "%"), Told(_memory, "memory", " MiB"), Told(_restarts, "restarts", " a minute"),
        Told(_errors, "errors", " a minute"),
    }.OfType<string>();

    private static string? Told(Outliers figure, string what, string unit) =>
        figure is { Raised: true, Last: { } outlier }
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{what} {outlier.Value:0.0}{unit}, usual is {outlier.Median:0.0} within {outlier.Limit:0.0}")
        : null;
}
