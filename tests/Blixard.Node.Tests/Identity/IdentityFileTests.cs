using Blixard.Node.Identity;
using Blixard.Node.Options;

namespace Blixard.Node.Tests.Identity;

public sealed class IdentityFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly NodeIdentity _identity =
        ClusterHash.Of(PeerList.Parse(Settings.ThreePeers, new List<string>()), "n2") with { InUse = true };

    private string File => _directory["identity"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        IdentityFile.Write(File, _identity);
        var read = IdentityFile.Read(File)!;

        Assert.Equal((_identity.ClusterId, _identity.Member, "n2", true), (read.ClusterId, read.Member, read.Name, read.InUse));
        Assert.Equal(_identity.Members, read.Members);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal([File], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void That_a_node_joined_and_where_its_API_is_to_be_is_kept()
    {
        IdentityFile.Write(File, _identity with { Joined = true, ApiAddress = "10.0.0.2:7480" });
        var read = IdentityFile.Read(File)!;

        Assert.Equal((true, "10.0.0.2:7480"), (read.Joined, read.ApiAddress));
        System.IO.File.WriteAllText(
            File, System.IO.File.ReadAllText(File).Replace("0.2:7480", "0.2:7489", StringComparison.Ordinal));
        Assert.Throws<IdentityException>(() => IdentityFile.Read(File));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void That_a_node_is_new_is_kept_and_cannot_be_taken_away(bool joined)
    {
        var identity = _identity with { Joined = joined };
        IdentityFile.Write(File, identity with { New = true });

        Assert.True(IdentityFile.Read(File)!.New);
        System.IO.File.WriteAllText(
            File, System.IO.File.ReadAllText(File).Replace("\"new\": true", "\"new\": false", StringComparison.Ordinal));
        Assert.Throws<IdentityException>(() => IdentityFile.Read(File));

        IdentityFile.Write(File, identity);
        Assert.DoesNotContain("\"new\"", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.False(IdentityFile.Read(File)!.New);
    }

    [Fact]
    public void No_file_is_no_identity() => Assert.Null(IdentityFile.Read(File));

    [Fact]
    public void Every_changed_character_is_noticed()
    {
        IdentityFile.Write(File, _identity);
        var text = System.IO.File.ReadAllText(File);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                continue;
            }

            System.IO.File.WriteAllText(File, text[..i] + (text[i] == '7' ? '8' : '7') + text[(i + 1)..]);
            var e = Assert.Throws<IdentityException>(() => IdentityFile.Read(File));
            Assert.Contains(File, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"format\": 1}")]
    [InlineData("{\"format\": \"one\"}")]
    public void Anything_else_is_damaged(string text)
    {
        System.IO.File.WriteAllText(File, text);
        Assert.Contains("is damaged", Assert.Throws<IdentityException>(() => IdentityFile.Read(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_is_damaged()
    {
        IdentityFile.Write(File, _identity);
        var text = System.IO.File.ReadAllText(File).TrimEnd();
        for (var length = 0; length < text.Length; length++)
        {
            System.IO.File.WriteAllText(File, text[..length]);
            Assert.Throws<IdentityException>(() => IdentityFile.Read(File));
        }
    }

    [Fact]
    public void Another_version_is_refused_as_such()
    {
        System.IO.File.WriteAllText(File, "{\"format\": 3}");
        Assert.Contains("format 3", Assert.Throws<IdentityException>(() => IdentityFile.Read(File)).Message, StringComparison.Ordinal);
    }
}
