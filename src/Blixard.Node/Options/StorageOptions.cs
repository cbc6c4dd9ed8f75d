using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Storage</c>: where this node keeps what it must not forget.</summary>
internal sealed class StorageOptions : IValidatableObject
{
    public const string Section = "Storage";

    [Description("Flag `--data-dir`. Holds `identity`, `raft/wal`, `raft/snapshots` and `history`; used by one daemon at a time.")]
    public string DataDirectory { get; init; } = "/var/lib/blixard";

    [Description("Space kept for votes and terms when the disk runs full, in bytes: a file of that size beside the log, "
        + "and as much free besides. With less this node refuses changes and does not lead if another can; with twice "
        + "as much it does again. 0: none.")]
    [Range(0L, 16L << 30)]
    public long ReserveBytes { get; init; } = 64L << 20;

    [Description("The stored log and snapshots are read again and checked every so many hours. 0: never.")]
    [Range(0, 1_000)]
    public int ScrubHours { get; init; } = 24;

    [Description("Bytes per second that this reads, at most.")]
    [Range(64L << 10, 1L << 30)]
    public long ScrubBytesPerSecond { get; init; } = 8L << 20;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Path.IsPathRooted(DataDirectory))
        {
            yield return new ValidationResult($"Storage:DataDirectory \"{DataDirectory}\" is not an absolute path.");
        }
    }
}

[OptionsValidator]
internal sealed partial class StorageOptionsValidator : IValidateOptions<StorageOptions>;
