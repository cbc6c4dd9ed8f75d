using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Units;

public class UnitNamesTests
{
    [Theory]
    [InlineData("microvm@web1.service")]
    [InlineData("microvm@a-b.c_d.service")]
    [InlineData("dev-disk-by\\x2duuid.device")]
    [InlineData("init.scope")]
    public void A_unit_name_is_accepted(string unit) => UnitNames.ThrowIfInvalid(unit);

    [Theory]
    [InlineData("web1", "no type")]
    [InlineData("web1.vm", "no type")]
    [InlineData(".service", "no type")]
    [InlineData("@a.service", "before '@'")]
    [InlineData("a b.service", "' ' is not allowed")]
    [InlineData("../etc.service", "'/' is not allowed")]
    [InlineData("a\n.service", "not allowed")]
    public void Anything_else_is_refused_with_the_reason(string unit, string reason)
    {
        var refused = Assert.Throws<ArgumentException>(() => UnitNames.ThrowIfInvalid(unit));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_too_long_is_refused() =>
        Assert.Throws<ArgumentException>(() => UnitNames.ThrowIfInvalid(new string('a', 250) + ".service"));

    [Theory]
    [InlineData("microvm@*.service", "microvm@web1.service", true)]
    [InlineData("microvm@*.service", "microvm@.service", true)]
    [InlineData("microvm@*.service", "Microvm@web1.service", false)]
    [InlineData("microvm@*.service", "microvm-virtiofsd@web1.service", false)]
    [InlineData("microvm@web?.service", "microvm@web12.service", false)]
    public void Patterns_match_as_in_systemd(string pattern, string unit, bool matches) =>
        Assert.Equal(matches, UnitNames.Matches(["nothing", pattern], unit));

    [Theory]
    [InlineData("")]
    [InlineData("microvm@[a-z].service")]
    [InlineData("microvm@a\\x2d*.service")]
    public void A_pattern_that_we_would_match_otherwise_than_systemd_is_refused(string pattern) =>
        Assert.Throws<ArgumentException>(() => UnitNames.ThrowIfInvalidPatterns([pattern]));

    [Fact]
    public void No_pattern_at_all_is_refused() =>
        Assert.Throws<ArgumentException>(() => UnitNames.ThrowIfInvalidPatterns([]));
}
