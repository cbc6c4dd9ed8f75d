using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Client;

public class PointInTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("90s", "2026-05-31T11:58:30Z")]
    [InlineData("30m", "2026-05-31T11:30:00Z")]
    [InlineData("1h", "2026-05-31T11:00:00Z")]
    [InlineData("2d", "2026-05-29T12:00:00Z")]
    [InlineData("0s", "2026-05-31T12:00:00Z")]
    [InlineData("2026-05-31T10:00:00Z", "2026-05-31T10:00:00Z")]
    [InlineData("2026-05-31T10:00:00+02:00", "2026-05-31T08:00:00Z")]
    [InlineData("2026-05-31 10:00", "2026-05-31T10:00:00Z")]
    [InlineData("2026-05-31", "2026-05-31T00:00:00Z")]
    public void So_long_ago_or_a_time_in_utc(string text, string expected)
    {
        Assert.True(PointInTime.TryParse(text, Now, out var at));
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), at);
        Assert.Equal(TimeSpan.Zero, at.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5")]
    [InlineData("-5m")]
    [InlineData("1.5h")]
    [InlineData("1w")]
    [InlineData("99999999999d")]
    [InlineData("99999999999999999999s")]
    [InlineData("yesterday")]
    [InlineData("10:00")]
    [InlineData("2026-13-01")]
    public void Anything_else_is_neither(string text) => Assert.False(PointInTime.TryParse(text, Now, out _));
}
