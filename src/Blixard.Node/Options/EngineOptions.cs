using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Raft</c>: the consensus engine.</summary>
internal sealed class EngineOptions : IValidatableObject
{
    public const string Section = "Raft";

    [Description("`HOST:PORT` to listen on for the other members. Default: this node's own address in `Cluster:Peers`, or "
        + "the one that its join token names; a single node does not listen until this is set, and others can be added to "
        + "it once it is.")]
    public string Listen { get; init; } = "";

    [Description("`HOST:PORT` at which the other members reach this one, where that is not what it listens on.")]
    [DefaultValue("what it listens on")]
    public string AdvertiseAddress { get; init; } = "";

    [Description("Length of a tick, the unit of the engine's time, in milliseconds.")]
    [Range(5, 10_000)]
    public int TickMilliseconds { get; init; } = 50;

    [Description("A follower that hears nothing from a leader for this many ticks (randomised up to twice that) asks for "
        + "an election.")]
    [Range(3, 1_000)]
    public int ElectionTicks { get; init; } = 6;

    [Description("The leader says that it is there every so many ticks.")]
    [Range(1, 300)]
    public int HeartbeatTicks { get; init; } = 1;

    [Description("A snapshot is taken after this many applied entries.")]
    [Range(100, 100_000_000)]
    public int SnapshotEntries { get; init; } = 100_000;

    [Description("Or after this many bytes of them.")]
    [Range(64L << 10, 16L << 30)]
    public long SnapshotBytes { get; init; } = 32L << 20;

    [Description("Entries kept behind a snapshot, so that a follower a little behind needs no snapshot.")]
    [Range(0, 10_000_000)]
    public int TrailingEntries { get; init; } = 5_000;

    [Description("And not more than these bytes of them, their overhead in memory included.")]
    [Range(0L, 16L << 30)]
    public long TrailingBytes { get; init; } = 16L << 20;

    [Description("Bytes of entries kept behind a snapshot while a live member still needs them, their overhead in "
        + "memory included.")]
    [Range(0L, 16L << 30)]
    public long CatchUpBytes { get; init; } = 64L << 20;

    [Description("Bytes per second that the snapshots this node sends to others may take together.")]
    [Range(64L << 10, 1L << 40)]
    public long SnapshotBytesPerSecond { get; init; } = 64L << 20;

    [Description("Size of a segment of the write-ahead log, in bytes.")]
    [Range(64L << 10, 1L << 30)]
    public long SegmentBytes { get; init; } = 64L << 20;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ElectionTicks < 3 * HeartbeatTicks)
        {
            yield return new ValidationResult(
                $"Raft:ElectionTicks {ElectionTicks} must be at least three times Raft:HeartbeatTicks {HeartbeatTicks}: "
                + "one lost heartbeat must not start an election.");
        }

        if (Listen.Length > 0 && !HostPort.TryParse(Listen, out _))
        {
            yield return new ValidationResult($"Raft:Listen \"{Listen}\" is not HOST:PORT.");
        }

        if (AdvertiseAddress.Length > 0 && !HostPort.TryParse(AdvertiseAddress, out _))
        {
            yield return new ValidationResult($"Raft:AdvertiseAddress \"{AdvertiseAddress}\" is not HOST:PORT.");
        }
    }
}

[OptionsValidator]
internal sealed partial class EngineOptionsValidator : IValidateOptions<EngineOptions>;
