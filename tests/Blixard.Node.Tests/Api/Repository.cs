namespace Blixard.Node.Tests.Api;

/// <summary>Files of the checkout that a test reads: it is built somewhere below it.</summary>
internal static class Repository
{
    public static string PathOf(string file)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Blixard.sln")))
            {
                return Path.Combine(directory.FullName, file);
            }
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not below a checkout with a Blixard.sln.");
    }
}
