using System.Globalization;

namespace Blixard.Soak;

/// <summary>What a run is asked for.</summary>
internal sealed record SoakOptions
{
    /// <summary>How many faults are injected.</summary>
    public required int Faults { get; init; }

    /// <summary>
    /// Decides which faults come in which order, where and for how long, and what the clients do. Not how it turns out:
    /// the processes are real.
    /// </summary>
    public required int Seed { get; init; }

    /// <summary>Clients at work at the same time, spread over the members.</summary>
    public int Clients { get; init; } = 12;

    /// <summary>Where histories and journals of a failed run are kept.</summary>
    public required string Artifacts { get; init; }

    /// <summary>Only these kinds of faults, if any are named; to look at one thing closely.</summary>
    public IReadOnlyCollection<string> Kinds { get; init; } = [];

    /// <summary>Whether the hosts have disks that can be filled.</summary>
    public bool SmallDisks { get; init; }

    /// <exception cref="FormatException">A variable is no number; names which.</exception>
    public static SoakOptions FromEnvironment(bool smallDisks)
    {
        var seed = Number("SEED") ?? Random.Shared.Next(1, int.MaxValue);
        return new()
        {
            Faults = Number("FAULTS") ?? 50,
            Seed = seed,
            Clients = Number("CLIENTS") ?? 12,
            Artifacts = Environment.GetEnvironmentVariable("BLIXARD_SOAK_ARTIFACTS") ?? $"artifacts/soak/{seed}",
            Kinds = (Environment.GetEnvironmentVariable("KINDS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries),
            SmallDisks = smallDisks,
        };
    }

    private static int? Number(string name) => Environment.GetEnvironmentVariable(name) is not { Length: > 0 } text
        ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"{name} is \"{text}\", which is no positive number");
}
