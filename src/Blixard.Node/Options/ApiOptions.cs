using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Api</c>: where the HTTP API answers.</summary>
internal sealed class ApiOptions : IValidatableObject
{
    public const string Section = "Api";

    public const int DefaultPort = 7480;

    [Description("`HOST:PORT` the API listens on. Default: what its join token names, or port 7480 of the address at which the "
        + "other members reach this node; for a single node `127.0.0.1:7480`.")]
    public string Listen { get; init; } = "";

    [Description("Path of the unix socket, guarded by its file mode 0660. Empty: none.")]
    public string Socket { get; init; } = "/run/blixard/blixard.sock";

    /// <summary>Each holds a connection and a few kilobytes.</summary>
    public const int DefaultMaxWaitingReads = 8192;

    [Description("Reads of /v1 at a time that wait for a quorum, for an index or for a change; more are refused as "
        + "`overloaded`.")]
    [Range(16, 1_000_000)]
    public int MaxWaitingReads { get; init; } = DefaultMaxWaitingReads;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Listen.Length > 0 && !HostPort.TryParse(Listen, out _))
        {
            yield return new ValidationResult($"Api:Listen \"{Listen}\" is not HOST:PORT.");
        }

        // sockaddr_un, unix(7): 108 bytes with the terminating zero.
        if (Socket.Length > 0 && (!Path.IsPathRooted(Socket) || Socket.Length > 107))
        {
            yield return new ValidationResult(
                $"Api:Socket \"{Socket}\" is not an absolute path of at most 107 characters.");
        }
    }
}

[OptionsValidator]
internal sealed partial class ApiOptionsValidator : IValidateOptions<ApiOptions>;
