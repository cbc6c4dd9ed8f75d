namespace Blixard.Cli.Tests.Fakes;

/// <summary>
/// Compares with the text files of <c>Golden/</c>. After an intended change:
/// <c>BLIXARD_GOLDEN=tests/Blixard.Cli.Tests/Golden dotnet run --project tests/Blixard.Cli.Tests</c> writes them anew,
/// to be read in the diff; that run fails, so that nobody leaves it on.
/// </summary>
internal static class Golden
{
    public static void Check(string file, string actual)
    {
        if (Environment.GetEnvironmentVariable("BLIXARD_GOLDEN") is { Length: > 0 } directory)
        {
            File.WriteAllText(Path.Combine(directory, file), actual);
            Assert.Fail($"{file} was written; unset BLIXARD_GOLDEN to compare");
        }

        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", file)), actual);
    }
}
