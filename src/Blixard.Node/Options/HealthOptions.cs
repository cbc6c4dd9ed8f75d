using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>
/// Section <c>Agent:Health</c>: how this host judges its VMs where their policies say nothing, and how it judges
/// others'.
/// </summary>
internal sealed class HealthOptions : IValidatableObject
{
    public const string Section = "Agent:Health";

    private const int MaxMessage = 200;

    [Description("A VM that uses this many percent of its virtual CPUs (of one, if their number is not known) fails.")]
    [Range(1, 100)]
    public int MaxCpuPercent { get; init; } = 90;

    [Description("A VM whose memory reaches this many percent of its limit fails.")]
    [Range(1, 100)]
    public int MaxMemoryPercent { get; init; } = 90;

    [Description("A VM with more lines of priority err or worse in the journal of the last hour fails.")]
    [Range(0, 100)]
    public int MaxJournalErrors { get; init; }

    [Description("So many samples in a row beyond a limit, or within all, turn the check of resources.")]
    [Range(1, 100)]
    public int SamplesInARow { get; init; } = 3;

    [Description("Message of the check of the unit; `{state}` is its state.")]
    public string ServiceStateMessage { get; init; } = "Service state: {state}";

    [Description("Message of the check of the journal; `{count}` is how many errors there are.")]
    public string JournalErrorsMessage { get; init; } = "{count} errors in last hour";

    [Description("Message of the check of resources; `{cpu}` and `{memory}` are what is used.")]
    public string ResourceUsageMessage { get; init; } = "CPU: {cpu}, Memory: {memory}";

    [Description("A VM is compared with its last hour; an outlier fails a check of little weight.")]
    public bool Anomalies { get; init; } = true;

    [Description("So many deviations from the median is an outlier.")]
    [Range(3, 100)]
    public int AnomalyDeviations { get; init; } = 6;

    [Description("Where the scripts are that policies may name.")]
    public string ScriptDirectory { get; init; } = "/etc/blixard/checks";

    [Description("A host that has said nothing for so many seconds has VMs that are unresponsive, says their monitor.")]
    [Range(5, 86_400)]
    public int FactsFreshSeconds { get; init; } = 90;

    [Description("So many probes of other hosts' VMs are under way together.")]
    [Range(1, 1000)]
    public int MaxProbes { get; init; } = 64;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (key, message) in new[]
        {
            (nameof(ServiceStateMessage), ServiceStateMessage),
            (nameof(JournalErrorsMessage), JournalErrorsMessage),
            (nameof(ResourceUsageMessage), ResourceUsageMessage),
        })
        {
            if (message.Length is 0 or > MaxMessage || message.Any(char.IsControl))
            {
                yield return new ValidationResult(
                    $"{Section}:{key} is not a line of 1 to {MaxMessage} characters.");
            }
        }

        if (!Path.IsPathRooted(ScriptDirectory))
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(ScriptDirectory)} \"{ScriptDirectory}\" is not an absolute path.");
        }
    }
}

[OptionsValidator]
internal sealed partial class HealthOptionsValidator : IValidateOptions<HealthOptions>;
