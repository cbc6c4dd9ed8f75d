using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Logging</c>: how much is said, by category.</summary>
internal sealed class LoggingOptions : IValidatableObject
{
    public const string Section = "Logging";

    [Description("`Trace`, `Debug`, `Information`, `Warning`, `Error`, `Critical` or `None` by category, for instance "
        + "`Logging:LogLevel:Blixard.Raft`; `Default` is for all that are not named.")]
    [DefaultValue("Default=Information, Microsoft=Warning")]
    [Reloads]
    public Dictionary<string, string> LogLevel { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (category, level) in LogLevel)
        {
            if (!Enum.TryParse<LogLevel>(level, ignoreCase: true, out _) || char.IsAsciiDigit(level[0]))
            {
                yield return new ValidationResult(
                    $"Logging:LogLevel:{category} \"{level}\" is not a level: {string.Join(", ", Enum.GetNames<LogLevel>())}.");
            }
        }
    }
}

[OptionsValidator]
internal sealed partial class LoggingOptionsValidator : IValidateOptions<LoggingOptions>;
