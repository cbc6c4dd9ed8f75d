using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Agent</c>: how this host's units are watched, and when what is seen is reported.</summary>
internal sealed class AgentOptions : IValidatableObject
{
    public const string Section = "Agent";

    [Description("The system bus: `system`, or a D-Bus address such as `unix:path=/run/dbus/system_bus_socket`.")]
    public string Bus { get; init; } = "system";

    [Description("Numeric ids of users whose own managers run `microvm-NAME.service` units.")]
    public List<string> UserIds { get; init; } = [];

    [Description("A single call on a bus may take this long, in seconds.")]
    [Range(1, 120)]
    public int CallTimeoutSeconds { get; init; } = 5;

    [Description("Where microvm.nix keeps a directory per VM.")]
    public string StateDirectory { get; init; } = "/var/lib/microvms";

    [Description("Where the cgroup v2 hierarchy is mounted. Empty: found in /proc/self/mounts.")]
    public string CgroupRoot { get; init; } = "";

    [Description("A journal directory to read instead of the host's own journal. Empty: the host's.")]
    public string JournalDirectory { get; init; } = "";

    [Description("Resources of a running VM are read every so many seconds.")]
    [Range(1, 3600)]
    public int SampleSeconds { get; init; } = 5;

    [Description("All units are listed anew every so many seconds, in case a signal was missed.")]
    [Range(5, 86_400)]
    public int FullListSeconds { get; init; } = 300;

    [Description("A node that has nothing new to report says so every so many seconds.")]
    [Range(1, 3600)]
    public int KeepAliveSeconds { get; init; } = 30;

    [Description("Health checks are made every so many seconds.")]
    [Range(1, 3600)]
    public int CheckSeconds { get; init; } = 30;

    [Description("A resource figure that moved by less than this share since it was last reported is not reported.")]
    [Range(0, 100)]
    public int DeadBandPercent { get; init; } = 10;

    [Description("A memory figure that moved by less than this, in MiB, is not reported either.")]
    [Range(0, 1_048_576)]
    public int DeadBandMebibytes { get; init; } = 16;

    [Description("State reports of one VM per second on average; what exceeds it is coalesced.")]
    [Range(1, 1000)]
    public int ReportsPerSecond { get; init; } = 2;

    [Description("State reports of one VM that may come at once.")]
    [Range(1, 1000)]
    public int ReportBurst { get; init; } = 10;

    [Description("Check `resource_usage`: more CPU than this share of the VM's CPUs fails it.")]
    [Range(1, 100)]
    public int MaxCpuPercent { get; init; } = 90;

    [Description("Check `resource_usage`: more memory than this share of the VM's limit fails it.")]
    [Range(1, 100)]
    public int MaxMemoryPercent { get; init; } = 90;

    [Description("Check `journal_errors`: more messages of priority `err` or worse than this fail it.")]
    [Range(0, 100)]
    public int MaxJournalErrors { get; init; }

    [Description("Check `journal_errors` looks back this many seconds.")]
    [Range(10, 604_800)]
    public int JournalWindowSeconds { get; init; } = 3600;

    [Description("How a VM's monitor reaches the guest, by VM name: `tcp://HOST:PORT`, `http://HOST[:PORT]/PATH` or "
        + "`icmp://HOST`.")]
    public Dictionary<string, string> Probes { get; init; } = [];

    [Description("A VM is probed by its monitor every so many seconds.")]
    [Range(1, 3600)]
    public int ProbeSeconds { get; init; } = 10;

    [Description("A probe that has no answer after this many seconds has failed.")]
    [Range(1, 60)]
    public int ProbeTimeoutSeconds { get; init; } = 2;

    [Description("A VM whose host has not said anything of it for this many seconds fails check `freshness`.")]
    [Range(5, 86_400)]
    public int FreshnessSeconds { get; init; } = 90;

    public TimeSpan CallTimeout => TimeSpan.FromSeconds(CallTimeoutSeconds);

    public TimeSpan SampleInterval => TimeSpan.FromSeconds(SampleSeconds);

    public TimeSpan FullListInterval => TimeSpan.FromSeconds(FullListSeconds);

    public TimeSpan KeepAliveInterval => TimeSpan.FromSeconds(KeepAliveSeconds);

    public TimeSpan CheckInterval => TimeSpan.FromSeconds(CheckSeconds);

    public TimeSpan JournalWindow => TimeSpan.FromSeconds(JournalWindowSeconds);

    public TimeSpan ProbeInterval => TimeSpan.FromSeconds(ProbeSeconds);

    public TimeSpan ProbeTimeout => TimeSpan.FromSeconds(ProbeTimeoutSeconds);

    public TimeSpan Freshness => TimeSpan.FromSeconds(FreshnessSeconds);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Bus != "system" && !(Bus.Contains(':', StringComparison.Ordinal) && Bus.Contains('=', StringComparison.Ordinal)))
        {
            yield return new ValidationResult($"Agent:Bus \"{Bus}\" is neither `system` nor a D-Bus address.");
        }

        foreach (var id in UserIds)
        {
            if (!uint.TryParse(id, out _))
            {
                yield return new ValidationResult($"Agent:UserIds: \"{id}\" is not a numeric user id.");
            }
        }

        foreach (var (vm, probe) in Probes)
        {
            var known = Uri.TryCreate(probe, UriKind.Absolute, out var uri) && uri.Host.Length > 0
                && (uri.Scheme is "http" or "https" or "icmp" || (uri.Scheme == "tcp" && uri.Port > 0));
            if (!known)
            {
                yield return new ValidationResult(
                    $"Agent:Probes:{vm} \"{probe}\" is not tcp://HOST:PORT, http://HOST[:PORT]/PATH or icmp://HOST.");
            }
        }
    }
}

[OptionsValidator]
internal sealed partial class AgentOptionsValidator : IValidateOptions<AgentOptions>;
