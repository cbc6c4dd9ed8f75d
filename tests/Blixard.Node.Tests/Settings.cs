using Blixard.Node.Options;

namespace Blixard.Node.Tests;

/// <summary>Configuration as an operator would give it on the command line.</summary>
internal static class Settings
{
    public static readonly string[] ThreePeers = ["n1=10.0.0.1:7481", "n2=10.0.0.2:7481", "n3=10.0.0.3:7481"];

    public static NodeSettings Of(params (string Key, string Value)[] flags) => NodeSettings.Bind(
        ConfigurationSources.Combine([.. flags.Select(flag => new ConfigurationEntry(flag.Key, flag.Value, $"flag --{flag.Key}"))]));

    public static NodeSettings Member(string name, bool bootstrap, params string[] peers) => Of(
        ("Node:Name", name),
        ("Cluster:Peers", string.Join(',', peers)),
        ("Cluster:Bootstrap", bootstrap ? "true" : "false"));
}
