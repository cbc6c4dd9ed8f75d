using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Units;

public class UnitPathsTests
{
    private const string Prefix = "/org/freedesktop/systemd1/unit/";

    [Theory]
    [InlineData("microvm@a-b.service", "microvm_40a_2db_2eservice")]
    [InlineData("0day.service", "_30day_2eservice")]
    [InlineData("a_b.service", "a_5fb_2eservice")]
    [InlineData("microvm@ö.service", "microvm_40_c3_b6_2eservice")]
    [InlineData("", "_")]
    public void A_name_becomes_a_path_and_comes_back(string unit, string label)
    {
        Assert.Equal(Prefix + label, UnitPaths.Encode(unit));
        Assert.Equal(unit, UnitPaths.Decode(Prefix + label));
    }

    [Theory]
    [InlineData("/org/freedesktop/systemd1")]
    [InlineData("/org/freedesktop/systemd1/unit/")]
    [InlineData("/org/freedesktop/systemd1/job/7")]
    [InlineData("/org/freedesktop/systemd1/unit/a_4")]
    [InlineData("/org/freedesktop/systemd1/unit/a_zz")]
    [InlineData("/org/freedesktop/systemd1/unit/a/b")]
    public void A_path_that_is_not_a_units_is_none(string path) => Assert.Null(UnitPaths.Decode(path));

    [Fact]
    public void A_path_longer_than_any_unit_is_none() => Assert.Null(UnitPaths.Decode(Prefix + new string('a', 5000)));
}
