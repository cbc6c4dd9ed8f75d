using System.Collections.Immutable;
using Blixard.Node.Options;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>What the checks of this host need of its configuration; a VM's policy goes before.</summary>
internal sealed record HealthSettings
{
    public static HealthSettings Usual { get; } = new();

    public int MaxCpuPercent { get; init; } = 90;

    public int MaxMemoryPercent { get; init; } = 90;

    /// <summary>Of the last hour.</summary>
    public int MaxJournalErrors { get; init; }

    /// <summary>So many samples in a row turn the check of resources.</summary>
    public int SamplesInARow { get; init; } = 3;

    /// <summary>Weights of checks for which neither the policy nor a probe has one.</summary>
    public ImmutableDictionary<string, uint> Weights { get; init; } = ImmutableDictionary<string, uint>.Empty
        .Add(JournalErrorsCheck.Name, 25)
        .Add(ResourceUsageCheck.Name, 25)
        .Add(AnomalyCheck.Name, 10);

    public string ServiceStateMessage { get; init; } = "Service state: {state}";

    public string JournalErrorsMessage { get; init; } = "{count} errors in last hour";

    public string ResourceUsageMessage { get; init; } = "CPU: {cpu}, Memory: {memory}";

    /// <summary>A VM's figures are looked at for outliers.</summary>
    public bool Anomalies { get; init; } = true;

    /// <summary>How many deviations off the median is an outlier.</summary>
    public int AnomalyDeviations { get; init; } = 6;

    /// <summary>Messages that only moved are told this often.</summary>
    public TimeSpan RetellInterval => Agent.Value.KeepAliveInterval;

    public DeadBand DeadBand => Agent.Value.DeadBand;

    /// <summary>They may change while the daemon runs; what is configured for health alone does not.</summary>
    public Live<AgentSettings> Agent { get; init; } = new(new() { Node = "", BootId = "" });

    public static HealthSettings Of(HealthOptions options, Live<AgentSettings> agent) => new()
    {
        MaxCpuPercent = options.MaxCpuPercent,
        MaxMemoryPercent = options.MaxMemoryPercent,
        MaxJournalErrors = options.MaxJournalErrors,
        SamplesInARow = options.SamplesInARow,
        ServiceStateMessage = options.ServiceStateMessage,
        JournalErrorsMessage = options.JournalErrorsMessage,
        ResourceUsageMessage = options.ResourceUsageMessage,
        Anomalies = options.Anomalies,
        AnomalyDeviations = options.AnomalyDeviations,
        Agent = agent,
    };
}
