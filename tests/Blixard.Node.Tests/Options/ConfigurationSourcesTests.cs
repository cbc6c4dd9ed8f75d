using System.Collections;
using Blixard.Node.Options;

namespace Blixard.Node.Tests.Options;

public sealed class ConfigurationSourcesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_any_configuration_the_defaults_hold()
    {
        var settings = Load(file: null, variables: [], flags: []);

        Assert.Equal((50, 6, 1), (settings.Raft.TickMilliseconds, settings.Raft.ElectionTicks, settings.Raft.HeartbeatTicks));
        Assert.Equal("/var/lib/blixard", settings.Storage.DataDirectory);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Agent.SampleInterval);
        Assert.Empty(settings.Cluster.Peers);
    }

    [Fact]
    public void Flags_override_the_environment_and_that_the_file()
    {
        var settings = Load(
            """{"Raft": {"TickMilliseconds": 10, "ElectionTicks": 10, "TrailingEntries": 10}}""",
            new() { ["BLIXARD__RAFT__TICKMILLISECONDS"] = "20", ["BLIXARD__RAFT__ELECTIONTICKS"] = "20" },
            [new("raft:tickmilliseconds", "30", "flag --raft:tickmilliseconds")]);

        Assert.Equal(
            (30, 20, 10), (settings.Raft.TickMilliseconds, settings.Raft.ElectionTicks, settings.Raft.TrailingEntries));
    }

    [Fact]
    public void Lists_and_maps_are_read_from_the_file_and_from_single_values()
    {
        var settings = Load(
            """{"Cluster": {"Peers": ["n1=a:1", "n2=b:1"]}, "Node": {"Labels": {"zone": "z1"}}, "Logging": {"LogLevel": {"Blixard.Raft": "Debug"}}}""",
            new() { ["BLIXARD__NODE__LABELS__rack"] = "r7" },
            []);

        Assert.Equal(["n1=a:1", "n2=b:1"], settings.Cluster.Peers);
        Assert.Equal(("z1", "r7"), (settings.Node.Labels["zone"], settings.Node.Labels["rack"]));
        Assert.Equal("Debug", settings.Logging.LogLevel["Blixard.Raft"]);
    }

    [Fact]
    public void A_list_comes_whole_from_the_last_source_that_has_it()
    {
        var settings = Load(
            """{"Cluster": {"Peers": ["n1=a:1", "n2=b:1", "n3=c:1"]}}""",
            new() { ["BLIXARD__CLUSTER__PEERS__0"] = "n7=x:1", ["BLIXARD__CLUSTER__PEERS__1"] = "n8=y:1" },
            []);
        Assert.Equal(["n7=x:1", "n8=y:1"], settings.Cluster.Peers);

        settings = Load(null, [], [new("cluster:peers", "n1=a:1, n2=b:1", "flag --cluster:peers")]);
        Assert.Equal(["n1=a:1", "n2=b:1"], settings.Cluster.Peers);
    }

    [Fact]
    public void An_unknown_key_is_refused_with_its_source_and_the_nearest_known_key()
    {
        var file = Problem("""{"Raft": {"TickMilisecond": 10}}""", [], []);
        Assert.Equal(
            $"Raft:TickMilisecond ({_directory["blixard.json"]}) is not a configuration key; did you mean "
            + "Raft:TickMilliseconds?",
            file);
        Assert.Equal(
            "STORAGE:DATADIR (environment variable BLIXARD__STORAGE__DATADIR) is not a configuration key; did you mean "
            + "Storage:DataDirectory?",
            Problem(null, new() { ["BLIXARD__STORAGE__DATADIR"] = "/x" }, []));
        Assert.Equal(
            "cluster:peer (flag --cluster:peer) is not a configuration key; did you mean Cluster:Peers?",
            Problem(null, [], [new("cluster:peer", "n1=a:1", "flag --cluster:peer")]));
    }

    [Theory]
    [InlineData("""{"Raft": {"TickMilliseconds": "fast"}}""", "Raft:TickMilliseconds", "must be a whole number")]
    [InlineData("""{"Raft": {"TickMilliseconds": 1.5}}""", "Raft:TickMilliseconds", "must be a whole number")]
    [InlineData("""{"Cluster": {"Bootstrap": "yes"}}""", "Cluster:Bootstrap", "must be true or false")]
    [InlineData("""{"Raft": {"TickMilliseconds": {"Value": 1}}}""", "Raft:TickMilliseconds:Value", "is not a configuration key")]
    [InlineData("""{"Raft": 5}""", "Raft", "is a section")]
    [InlineData("""{"Node": {"Labels": "zone"}}""", "Node:Labels", "named values")]
    [InlineData("""{"Cluster": {"Peers": {"n1": "a:1"}}}""", "Cluster:Peers:n1", "is not a configuration key")]
    public void A_value_of_the_wrong_kind_is_refused(string json, string key, string expected)
    {
        var problem = Problem(json, [], []);
        Assert.StartsWith(key + " (", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Raft:TickMilliseconds", "1", "Raft:TickMilliseconds must be between 5 and 10000.")]
    [InlineData("Agent:SampleSeconds", "0", "Agent:SampleSeconds must be between 1 and 3600.")]
    [InlineData("Raft:HeartbeatTicks", "3", "Raft:ElectionTicks 6 must be at least three times Raft:HeartbeatTicks 3")]
    [InlineData("Node:Name", "../etc", "Node:Name \"../etc\" is not a node name")]
    [InlineData("Api:Listen", "7480", "Api:Listen \"7480\" is not HOST:PORT")]
    [InlineData("Api:Socket", "blixard.sock", "Api:Socket \"blixard.sock\" is not an absolute path")]
    [InlineData("Storage:DataDirectory", "data", "Storage:DataDirectory \"data\" is not an absolute path")]
    [InlineData("Cluster:Peers", "n1", "Cluster:Peers:0 \"n1\" is not NAME=HOST:PORT")]
    [InlineData("Cluster:Peers", "n1=a:1,n1=b:1", "Cluster:Peers:1 names n1 for the second time")]
    [InlineData("Cluster:Peers", "n1=a:1,n2=a:1", "Cluster:Peers:1 has the address a:1 of another member")]
    [InlineData("Agent:Users", "alice,b ob", "Agent:Users \"b ob\" is not the name of a user")]
    [InlineData("Agent:Users", "../root", "Agent:Users \"../root\" is not the name of a user")]
    [InlineData("Agent:Users", "alice,alice", "Agent:Users names \"alice\" more than once")]
    [InlineData("Logging:LogLevel:Default", "loud", "Logging:LogLevel:Default \"loud\" is not a level")]
    public void A_value_out_of_its_bounds_is_refused(string key, string value, string expected) =>
        Assert.StartsWith(expected, Problem(null, [], [new(key, value, $"flag --{key}")]), StringComparison.Ordinal);

    [Fact]
    public void All_that_is_wrong_is_said_at_once()
    {
        var e = Assert.Throws<ConfigurationException>(
            () => Load("""{"Raft": {"Tick": 1}, "Nod": {"Name": "x"}}""", [], []));
        Assert.Equal(2, e.Problems.Count);
    }

    [Fact]
    public void A_file_that_is_named_must_be_there_and_be_JSON()
    {
        var missing = Assert.Throws<ConfigurationException>(() => ConfigurationSources.File(_directory["other.json"]));
        Assert.Contains(_directory["other.json"], missing.Message, StringComparison.Ordinal);

        File.WriteAllText(_directory["bad.json"], "{ \"Raft\": ");
        var bad = Assert.Throws<ConfigurationException>(() => ConfigurationSources.File(_directory["bad.json"]));
        Assert.Contains(_directory["bad.json"], bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_file_need_not_be_there() =>
        Assert.Empty(ConfigurationSources.File(null, _directory["missing.json"]));

    [Fact]
    public void Empty_sections_and_lists_mean_nothing()
    {
        var settings = Load("""{"Raft": {}, "Cluster": {"Peers": []}, "Node": {"Labels": {}}}""", [], []);
        Assert.Empty(settings.Cluster.Peers);
        Assert.Empty(settings.Node.Labels);
    }

    private string Problem(string? file, Hashtable variables, ConfigurationEntry[] flags) =>
        Assert.Single(Assert.Throws<ConfigurationException>(() => Load(file, variables, flags)).Problems);

    private NodeSettings Load(string? file, Hashtable variables, ConfigurationEntry[] flags)
    {
        if (file is not null)
        {
            File.WriteAllText(_directory["blixard.json"], file);
        }

        return NodeSettings.Bind(ConfigurationSources.Combine(
            file is null ? [] : ConfigurationSources.File(_directory["blixard.json"]),
            ConfigurationSources.Environment(variables),
            flags));
    }
}
