using Blixard.Node.Identity;
using Blixard.Raft.Core;

namespace Blixard.Node.Tests.Identity;

public sealed class JoinTokenTests
{
    internal static readonly JoinToken Token = new(
        0x1122334455667788,
        new MemberId(0x99aabbccddeeff00),
        "n4",
        "10.0.0.4:7481",
        "10.0.0.4:7480",
        [new IdentityMember("n1", new MemberId(1), "10.0.0.1:7481"), new IdentityMember("n2", new MemberId(2), "[fe80::2]:7481")]);

    [Fact]
    public void What_is_said_is_read_back()
    {
        var read = JoinToken.Parse($" {Token}\n");

        Assert.Equal(Token with { Voters = [] }, read with { Voters = [] });
        Assert.Equal(Token.Voters, read.Voters);
    }

    /// <summary>Permanent: a token may be older than the node that reads it.</summary>
    [Fact]
    public void The_text_of_a_token_does_not_change() => Assert.Equal(
        "blxj1.iHdmVUQzIhEA_-7dzLuqmQJuNA0xMC4wLjAuNDo3NDgxDTEwLjAuMC40Ojc0ODACAQAAAAAAAAACbjENMTAuMC4wLjE6NzQ4MQIAAAAAAAAA"
            + "Am4yDltmZTgwOjoyXTo3NDgxxw1JYA",
        Token.ToString());

    [Fact]
    public void Every_character_counts()
    {
        var text = Token.ToString();
        for (var i = "blxj1.".Length; i < text.Length - 1; i++)
        {
            var other = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            Assert.Contains("damaged", Refused(other), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_token_that_is_cut_off_or_goes_on_is_damaged()
    {
        var text = Token.ToString();
        for (var length = "blxj1.".Length; length < text.Length; length++)
        {
            Assert.Contains("damaged", Refused(text[..length]), StringComparison.Ordinal);
        }

        Assert.Contains("damaged", Refused(text + "A"), StringComparison.Ordinal);
        Assert.Contains("damaged", Refused(text + " x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("n4")]
    [InlineData("blixard-node join blxj1.AAAA")]
    public void What_is_no_token_is_told_from_one(string text) =>
        Assert.Contains("not a join token", Refused(text), StringComparison.Ordinal);

    [Fact]
    public void A_later_version_is_refused_as_such() =>
        Assert.Contains("of version 2", Refused("blxj2.AAAA"), StringComparison.Ordinal);

    private static string Refused(string text) =>
        Assert.Throws<IdentityException>(() => JoinToken.Parse(text)).Message;
}
