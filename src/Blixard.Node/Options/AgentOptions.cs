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

    [Description("A single call on a bus may take this long, in seconds.")]
    [Range(1, 120)]
    public int CallTimeoutSeconds { get; init; } = 5;

    [Description("Where microvm.nix keeps a directory per VM.")]
    public string StateDirectory { get; init; } = "/var/lib/microvms";

    [Description("Where the cgroup v2 hierarchy is mounted. Empty: found in /proc/self/mounts.")]
    public string CgroupRoot { get; init; } = "";

    [Description("Resources of a running VM are read every so many seconds.")]
    [Range(1, 3600)]
    public int SampleSeconds { get; init; } = 5;

    [Description("All units are listed anew every so many seconds, in case a signal was missed.")]
    [Range(5, 86_400)]
    public int FullListSeconds { get; init; } = 300;

    [Description("A node that has nothing new to report says so every so many seconds.")]
    [Range(1, 3600)]
    public int KeepAliveSeconds { get; init; } = 30;

    [Description("CPU that moved by less than this many percent of one CPU since it was last reported is not reported.")]
    [Range(0, 100)]
    public int DeadBandPercent { get; init; } = 10;

    [Description("Memory, disk and network figures that moved by less than this many MiB are not reported.")]
    [Range(0, 1_048_576)]
    public int DeadBandMebibytes { get; init; } = 16;

    public TimeSpan CallTimeout => TimeSpan.FromSeconds(CallTimeoutSeconds);

    public TimeSpan SampleInterval => TimeSpan.FromSeconds(SampleSeconds);

    public TimeSpan FullListInterval => TimeSpan.FromSeconds(FullListSeconds);

    public TimeSpan KeepAliveInterval => TimeSpan.FromSeconds(KeepAliveSeconds);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Bus != "system" && !(Bus.Contains(':', StringComparison.Ordinal) && Bus.Contains('=', StringComparison.Ordinal)))
        {
            yield return new ValidationResult($"Agent:Bus \"{Bus}\" is neither `system` nor a D-Bus address.");
        }
    }
}

[OptionsValidator]
internal sealed partial class AgentOptionsValidator : IValidateOptions<AgentOptions>;
