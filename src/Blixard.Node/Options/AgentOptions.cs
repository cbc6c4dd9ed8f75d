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

    [Description("Users whose VMs are watched too: the units `microvm-NAME.service` of their own managers. A user who has "
        + "no manager at the moment is tried again, up to every 30 s.")]
    public List<string> Users { get; init; } = [];

    [Description("A single call on a bus may take this long, in seconds.")]
    [Range(1, 120)]
    public int CallTimeoutSeconds { get; init; } = 5;

    [Description("Where microvm.nix keeps a directory per VM.")]
    public string StateDirectory { get; init; } = "/var/lib/microvms";

    [Description("A hypervisor may take this long to say how large its guest is, in seconds. It is asked once per run of "
        + "the VM, with a few more attempts while it starts.")]
    [Range(1, 60)]
    public int GuestTimeoutSeconds { get; init; } = 2;

    [Description("Where the cgroup v2 hierarchy is mounted. Empty: found in /proc/self/mounts.")]
    public string CgroupRoot { get; init; } = "";

    [Description("Where the journal's files are. Empty: the system's journal.")]
    public string JournalDirectory { get; init; } = "";

    [Description("Resources of a running VM are read every so many seconds.")]
    [Range(1, 3600)]
    [Reloads]
    public int SampleSeconds { get; init; } = 5;

    [Description("All units are listed anew every so many seconds, in case a signal was missed.")]
    [Range(5, 86_400)]
    [Reloads]
    public int FullListSeconds { get; init; } = 300;

    [Description("A node that has nothing new to report says so every so many seconds.")]
    [Range(1, 3600)]
    [Reloads]
    public int KeepAliveSeconds { get; init; } = 30;

    [Description("CPU that moved by less than this many percent of one CPU since it was last reported is not reported.")]
    [Range(0, 100)]
    [Reloads]
    public int DeadBandPercent { get; init; } = 10;

    [Description("Memory, disk and network figures that moved by less than this many MiB are not reported.")]
    [Range(0, 1_048_576)]
    [Reloads]
    public int DeadBandMebibytes { get; init; } = 16;

    [Description("Reports of one VM that may follow each other at once, as it changes.")]
    [Range(1, 1000)]
    [Reloads]
    public int UpdateBurst { get; init; } = 10;

    [Description("After them one VM is reported once in so many milliseconds, with the state that it has by then. 0: there is "
        + "no limit.")]
    [Range(0, 60_000)]
    [Reloads]
    public int UpdateIntervalMilliseconds { get; init; } = 1000;

    public TimeSpan UpdateInterval => TimeSpan.FromMilliseconds(UpdateIntervalMilliseconds);

    public TimeSpan CallTimeout => TimeSpan.FromSeconds(CallTimeoutSeconds);

    public TimeSpan GuestTimeout => TimeSpan.FromSeconds(GuestTimeoutSeconds);

    public TimeSpan SampleInterval => TimeSpan.FromSeconds(SampleSeconds);

    public TimeSpan FullListInterval => TimeSpan.FromSeconds(FullListSeconds);

    public TimeSpan KeepAliveInterval => TimeSpan.FromSeconds(KeepAliveSeconds);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Bus != "system" && !(Bus.Contains(':', StringComparison.Ordinal) && Bus.Contains('=', StringComparison.Ordinal)))
        {
            yield return new ValidationResult($"Agent:Bus \"{Bus}\" is neither `system` nor a D-Bus address.");
        }

        foreach (var user in Users.Where(user => !IsUser(user)))
        {
            yield return new ValidationResult($"Agent:Users \"{user}\" is not the name of a user.");
        }

        foreach (var user in Users.GroupBy(user => user, StringComparer.Ordinal).Where(same => same.Count() > 1))
        {
            yield return new ValidationResult($"Agent:Users names \"{user.Key}\" more than once.");
        }
    }

    /// <summary>
    /// What systemd takes for one, too (systemd.io/USER_NAMES), and a final $, which some directories have.
    /// </summary>
    private static bool IsUser(string name) =>
        name.Length is > 0 and <= 256
        && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name[..^1].All(IsUserCharacter)
        && (IsUserCharacter(name[^1]) || name[^1] == '$');

    private static bool IsUserCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '@';
}

[OptionsValidator]
internal sealed partial class AgentOptionsValidator : IValidateOptions<AgentOptions>;
