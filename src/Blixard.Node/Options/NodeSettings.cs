using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>The whole configuration, bound and validated: a parameter for each section.</summary>
internal sealed record NodeSettings(
    NodeOptions Node,
    ClusterOptions Cluster,
    StorageOptions Storage,
    ApiOptions Api,
    EngineOptions Raft,
    AgentOptions Agent,
    HealthOptions Health,
    HistoryOptions History,
    FencingOptions Fencing,
    LoggingOptions Logging)
{
    /// <exception cref="ConfigurationException">
    /// Values out of range or that do not fit each other; all of them.
    /// </exception>
    public static NodeSettings Bind(IConfiguration configuration)
    {
        var problems = new List<string>();
        var settings = new NodeSettings(
            Section(configuration, NodeOptions.Section, new NodeOptionsValidator(), problems),
            Section(configuration, ClusterOptions.Section, new ClusterOptionsValidator(), problems),
            Section(configuration, StorageOptions.Section, new StorageOptionsValidator(), problems),
            Section(configuration, ApiOptions.Section, new ApiOptionsValidator(), problems),
            Section(configuration, EngineOptions.Section, new EngineOptionsValidator(), problems),
            Section(configuration, AgentOptions.Section, new AgentOptionsValidator(), problems),
            Section(configuration, HealthOptions.Section, new HealthOptionsValidator(), problems),
            Section(configuration, HistoryOptions.Section, new HistoryOptionsValidator(), problems),
            Section(configuration, FencingOptions.Section, new FencingOptionsValidator(), problems),
            Section(configuration, LoggingOptions.Section, new LoggingOptionsValidator(), problems));
        return problems.Count == 0 ? settings : throw new ConfigurationException(problems);
    }

    private static T Section<T>(
        IConfiguration configuration, string section, IValidateOptions<T> validator, List<string> problems)
        where T : class, new()
    {
        var options = configuration.GetSection(section).Get<T>() ?? new T();
        var result = validator.Validate(section, options);
        foreach (var failure in result.Failures ?? [])
        {
            problems.Add(Sentence(failure, section));
        }

        return options;
    }

    /// <summary>
    /// A generated validator says <c>Member: The field Raft.Member must be ...</c>; operators know <c>Raft:Member</c>.
    /// </summary>
    private static string Sentence(string failure, string section)
    {
        var colon = failure.IndexOf(": ", StringComparison.Ordinal);
        var hasMember = colon > 0 && failure[..colon].All(char.IsAsciiLetterOrDigit);
        return (hasMember ? failure[(colon + 2)..] : failure).Replace($"The field {section}.", $"{section}:", StringComparison.Ordinal);
    }
}
