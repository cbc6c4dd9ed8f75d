using Blixard.Node.Options;

namespace Blixard.Node.Tests.Options;

public sealed class SettingsChangeTests
{
    [Fact]
    public void What_reloads_is_taken_and_what_does_not_waits_for_a_restart()
    {
        var change = SettingsChange.Between(
            Settings.Of(("Agent:SampleSeconds", "5"), ("Raft:TickMilliseconds", "50")),
            Settings.Of(
                ("Agent:SampleSeconds", "7"),
                ("Raft:TickMilliseconds", "60"),
                ("Agent:Users", "alice,bob"),
                ("Node:Labels:rack", "r1"),
                ("Logging:LogLevel:Blixard", "Debug")));

        Assert.Equal(["Agent:SampleSeconds", "Logging:LogLevel"], change.Taken.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["Agent:Users", "Node:Labels", "Raft:TickMilliseconds"], change.Waiting.Order(StringComparer.Ordinal));
        Assert.Equal((7, 50), (change.Settings.Agent.SampleSeconds, change.Settings.Raft.TickMilliseconds));
        Assert.Empty(change.Settings.Agent.Users);
        Assert.Equal("Debug", change.Settings.Logging.LogLevel["Blixard"]);
    }

    [Fact]
    public void What_waits_is_told_until_it_is_taken_back()
    {
        var now = Settings.Of(("Agent:Bus", "system"));
        var other = Settings.Of(("Agent:Bus", "unix:path=/elsewhere"));
        var first = SettingsChange.Between(now, other);
        Assert.Equal(["Agent:Bus"], first.Waiting);
        Assert.Equal(["Agent:Bus"], SettingsChange.Between(first.Settings, other).Waiting);
        Assert.Empty(SettingsChange.Between(first.Settings, now).Waiting);
    }

    [Fact]
    public void A_configuration_that_says_the_same_changes_nothing()
    {
        (string, string)[] all =
        [
            ("Node:Labels:rack", "r1"), ("Agent:Users", "alice,bob"), ("Logging:LogLevel:Blixard", "Debug"),
            ("Cluster:MaxVoters", "7"), ("History:Hours", "48"),
        ];
        var change = SettingsChange.Between(Settings.Of(all), Settings.Of(all));

        Assert.Empty(change.Taken);
        Assert.Empty(change.Waiting);
    }

    [Fact]
    public void Every_key_of_every_section_is_compared()
    {
        var keys = typeof(NodeSettings).GetConstructors().Single().GetParameters()
            .SelectMany(section => section.ParameterType.GetProperties()
                .Where(key => key.CanWrite)
                .Select(key => $"{SettingsChange.SectionOf(section.ParameterType)}:{key.Name}"));

        Assert.Equal(ConfigurationKeys.All.Select(key => key.Name).Order(StringComparer.Ordinal), keys.Order(StringComparer.Ordinal));
    }
}
