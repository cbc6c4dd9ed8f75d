namespace Blixard.Node.Options;

/// <summary>The configuration can't be used; all that is wrong with it, a sentence each.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    public ConfigurationException(string problem)
        : this([problem])
    {
    }

    public IReadOnlyList<string> Problems { get; } = problems;
}
