using Blixard.Node.Identity;

namespace Blixard.Node.Tests.Identity;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Two_daemons_do_not_share_a_directory()
    {
        using (new DataDirectory(_directory.Path))
        {
            var e = Assert.Throws<IdentityException>(() => new DataDirectory(_directory.Path));
            Assert.Contains("in use by another blixard-node", e.Message, StringComparison.Ordinal);
            Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);
        }

        using var free = new DataDirectory(_directory.Path);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_refused_with_the_way_out()
    {
        File.WriteAllText(_directory["file"], "");
        var e = Assert.Throws<IdentityException>(() => new DataDirectory(_directory["file/data"]));
        Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_nobody_elses_business()
    {
        using var data = new DataDirectory(_directory["data"]);
        data.CreateRaftDirectories();
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

        Assert.Equal(mode, File.GetUnixFileMode(data.Root));
        Assert.Equal(mode, File.GetUnixFileMode(data.WalPath));
        Assert.False(data.HasLog);
        Assert.False(data.HasRaftFiles);
    }
}
