using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class ConfigurationCodecTests
{
    private static readonly Configuration s_configuration = new([new(2), new(0x1122334455667788)], [new(9)]);

    [Fact]
    public void The_bytes_of_version_1_are_what_they_always_were()
    {
        Assert.Equal(
            "0102000100" + "0200000000000000" + "8877665544332211" + "0900000000000000",
            Convert.ToHexString(ConfigurationCodec.Encode(s_configuration)));
    }

    [Fact]
    public void A_configuration_comes_back_as_it_was()
    {
        Assert.Equal(s_configuration, ConfigurationCodec.Decode(ConfigurationCodec.Encode(s_configuration)));
        Assert.Equal(Configuration.Empty, ConfigurationCodec.Decode(ConfigurationCodec.Encode(Configuration.Empty)));
    }

    [Theory]
    [InlineData("", "0 bytes")]
    [InlineData("0200000000", "version 2")]
    [InlineData("0101000000", "can't have 5 bytes")]
    [InlineData("010000000000", "can't have 6 bytes")]
    [InlineData("01FFFFFFFF", "65535 voters")]
    [InlineData("01010000000000000000000000", "ascend from 1")]
    [InlineData("010200000002000000000000000200000000000000", "2 follows 2")]
    [InlineData("010100010002000000000000000200000000000000", "voter and learner")]
    public void Other_bytes_are_refused(string bytes, string reason)
    {
        var refused = Assert.Throws<FormatException>(() => ConfigurationCodec.Decode(Convert.FromHexString(bytes)));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }
}
