using System.Runtime.CompilerServices;
using Blixard.Node.Options;

namespace Blixard.Node.Tests.Options;

public sealed class ConfigurationReferenceTests
{
    [Fact]
    public void The_documentation_lists_the_options_as_they_are()
    {
        var file = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/configuration.md"));
        Assert.True(
            File.ReadAllText(file) == ConfigurationReference.Write(),
            $"{file} is not what the options say. Write it anew: dotnet run --project src/Blixard.Node -c Release -- "
            + "--configuration-reference > docs/configuration.md");
    }

    [Fact]
    public void Every_key_can_be_set_by_the_name_it_is_documented_with() =>
        Assert.All(ConfigurationKeys.All, key => Assert.Same(key, ConfigurationKeys.Find(key.Name)));

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
