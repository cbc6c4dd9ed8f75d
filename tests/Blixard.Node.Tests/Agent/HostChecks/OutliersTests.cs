using Blixard.Node.Agent.HostChecks;

namespace Blixard.Node.Tests.Agent.HostChecks;

public sealed class OutliersTests
{
    [Fact]
    public void Nothing_is_an_outlier_in_the_first_half_hour()
    {
        var outliers = new Outliers(deviations: 6, floor: 1);
        for (var minute = 0; minute < Outliers.Least; minute++)
        {
            outliers.Add(minute % 2 == 0 ? 0 : 1_000_000);
            Assert.False(outliers.Raised);
        }
    }

    [Fact]
    public void Two_outliers_in_a_row_raise_it_and_three_usual_values_clear_it()
    {
        var outliers = Steady(10);
        outliers.Add(95);
        Assert.False(outliers.Raised);
        outliers.Add(95);
        Assert.True(outliers.Raised);
        Assert.Equal(95, outliers.Last!.Value);
        Assert.InRange(outliers.Last.Median, 9.5, 11.5);
        outliers.Add(10);
        outliers.Add(10);
        Assert.True(outliers.Raised);
        outliers.Add(10);
        Assert.False(outliers.Raised);
        Assert.Null(outliers.Last);
    }

    [Fact]
    public void A_single_outlier_is_none()
    {
        var outliers = Steady(10);
        outliers.Add(95);
        outliers.Add(10);
        outliers.Add(95);
        Assert.False(outliers.Raised);
    }

    [Fact]
    public void A_figure_that_never_moved_may_move_by_its_floor()
    {
        var outliers = new Outliers(deviations: 6, floor: 5);
        for (var minute = 0; minute < 40; minute++)
        {
            outliers.Add(0);
        }

        outliers.Add(29);
        outliers.Add(29);
        Assert.False(outliers.Raised);
        outliers.Add(31);
        outliers.Add(31);
        Assert.True(outliers.Raised);
    }

    [Fact]
    public void What_stays_becomes_the_usual()
    {
        var outliers = Steady(10);
        for (var minute = 0; minute < 60; minute++)
        {
            outliers.Add(90 + (minute % 3));
        }

        Assert.False(outliers.Raised);
    }

    [Fact]
    public void Another_run_is_not_judged_by_the_one_before()
    {
        var outliers = Steady(10);
        outliers.Forget();
        outliers.Add(95);
        outliers.Add(95);
        Assert.False(outliers.Raised);
    }

    private static Outliers Steady(double value)
    {
        var outliers = new Outliers(deviations: 6, floor: 1);
        for (var minute = 0; minute < 60; minute++)
        {
            outliers.Add(value + (minute % 3) - 1);
        }

        return outliers;
    }
}
