using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class ConfigurationCodecTests
{
    private static readonly Configuration s_configuration = new([new(2), new(0x1122334455667788)], [new(9)]);

    private static readonly Configuration s_joint = new([new(1), new(4)], [new(9)])
    {
        Outgoing = [new(1), new(2)],
        LearnersNext = [new(2)],
    };

    [Fact]
    public void The_bytes_of_version_1_are_what_they_always_were()
    {
        Assert.Equal(
            "0102000100" + "0200000000000000" + "8877665544332211" + "0900000000000000",
            Convert.ToHexString(ConfigurationCodec.Encode(s_configuration)));
    }

    [Fact]
    public void The_bytes_of_a_joint_configuration_are_version_2()
    {
        Assert.Equal(
            "02" + "0200" + "0100" + "0200" + "0100"
            + "0100000000000000" + "0400000000000000" + "0900000000000000"
            + "0100000000000000" + "0200000000000000" + "0200000000000000",
            Convert.ToHexString(ConfigurationCodec.Encode(s_joint)));
    }

    [Fact]
    public void A_configuration_comes_back_as_it_was()
    {
        Assert.Equal(s_configuration, ConfigurationCodec.Decode(ConfigurationCodec.Encode(s_configuration)));
        Assert.Equal(s_joint, ConfigurationCodec.Decode(ConfigurationCodec.Encode(s_joint)));
        Assert.Equal(Configuration.Empty, ConfigurationCodec.Decode(ConfigurationCodec.Encode(Configuration.Empty)));
    }

    [Theory]
    [InlineData("", "0 bytes")]
    [InlineData("0300000000", "version 3")]
    [InlineData("0200000000", "at least 9")]
    [InlineData("020000000000000000", "without outgoing voters")]
    [InlineData("020000000001000000", "can't have 9 bytes")]
    [InlineData("02FFFFFFFFFFFFFFFF", "65535 outgoing voters")]
    [InlineData("0200000000010000000100000000000000", "new half has no voters")]
    [InlineData("02010000000100010001000000000000000200000000000000" + "0300000000000000", "is no outgoing voter")]
    [InlineData("02010000000100010001000000000000000100000000000000" + "0100000000000000", "voter and to become a learner")]
    [InlineData("02010001000100000001000000000000000200000000000000" + "0200000000000000", "outgoing voter and learner")]
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
