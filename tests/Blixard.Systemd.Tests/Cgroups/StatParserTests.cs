using System.Text;
using Blixard.Systemd.Cgroups;

namespace Blixard.Systemd.Tests.Cgroups;

public class StatParserTests
{
    [Theory]
    [InlineData("0\n", 0ul)]
    [InlineData("18446744073709551615\n", ulong.MaxValue)]
    [InlineData("7", 7ul)]
    public void A_number_is_read(string text, ulong number)
    {
        Assert.True(StatParser.TryNumber(Encoding.UTF8.GetBytes(text), out var value));
        Assert.Equal(number, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("max\n")]
    [InlineData("-1\n")]
    [InlineData("1 2\n")]
    [InlineData("18446744073709551616\n")]
    public void Anything_else_is_no_number(string text) =>
        Assert.False(StatParser.TryNumber(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Max_is_no_limit()
    {
        Assert.True(StatParser.TryLimit("max\n"u8, out var value));
        Assert.Equal(StatParser.NoLimit, value);
    }

    [Fact]
    public void Cpu_usage_needs_all_three_figures()
    {
        Assert.False(StatParser.TryCpu("usage_usec 1\nuser_usec 1\n"u8, out _));
        Assert.False(StatParser.TryCpu("usage_usec x\nuser_usec 1\nsystem_usec 0\n"u8, out _));
        Assert.False(StatParser.TryCpu(""u8, out _));
    }

    [Fact]
    public void A_cgroup_that_used_no_device_has_read_nothing()
    {
        Assert.True(StatParser.TryIo(""u8, out var usage));
        Assert.Equal(default, usage);
    }

    [Fact]
    public void Io_of_something_that_is_no_device_is_refused() =>
        Assert.False(StatParser.TryIo("total rbytes=1\n"u8, out _));

    [Theory]
    [InlineData("")]
    [InlineData("full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")]
    [InlineData("some avg10=0.00 avg60=0.00 total=0\n")]
    [InlineData("some avg10=x avg60=0.00 avg300=0.00 total=0\n")]
    [InlineData("none avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")]
    public void Half_a_pressure_file_is_none(string text) =>
        Assert.False(StatParser.TryPressure(Encoding.UTF8.GetBytes(text), out _));
}
