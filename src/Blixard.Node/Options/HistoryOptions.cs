using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>History</c>: the samples that this node keeps of its VMs.</summary>
internal sealed class HistoryOptions
{
    public const string Section = "History";

    [Description("Keep the samples of this host's VMs, in `history` below `Storage:DataDirectory`.")]
    public bool Enabled { get; init; } = true;

    [Description("Samples are kept for so many hours.")]
    [Range(1, 8760)]
    public int Hours { get; init; } = 24;

    [Description("Bytes that they may take on the disk; the oldest go first. A damaged history that was set aside takes "
        + "as much again.")]
    [Range(16L << 20, 1L << 40)]
    public long MaxBytes { get; init; } = 256L << 20;

    [Description("With fewer bytes free on the disk no samples are recorded: what is left is for the log.")]
    [Range(0L, 1L << 40)]
    public long ReserveBytes { get; init; } = 256L << 20;
}

[OptionsValidator]
internal sealed partial class HistoryOptionsValidator : IValidateOptions<HistoryOptions>;
