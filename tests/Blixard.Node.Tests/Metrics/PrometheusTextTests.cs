using Blixard.Node.Metrics;

namespace Blixard.Node.Tests.Metrics;

public class PrometheusTextTests
{
    [Fact]
    public void A_family_has_help_type_and_its_series_in_the_order_added()
    {
        var text = new PrometheusText(strict: true);
        var vms = text.Gauge("blixard_vms", "VMs.\nBackslash \\.");
        vms.Add(2, new Label("state", "running"));
        vms.Add(0, new Label("state", "failed"));
        text.Counter("blixard_restarts_total", "Restarts.").Add(7);

        Assert.Equal(
            """
            # HELP blixard_vms VMs.\nBackslash \\.
            # TYPE blixard_vms gauge
            blixard_vms{state="running"} 2
            blixard_vms{state="failed"} 0
            # HELP blixard_restarts_total Restarts.
            # TYPE blixard_restarts_total counter
            blixard_restarts_total 7

            """,
            text.ToString());
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        var text = new PrometheusText(strict: true);
        text.Gauge("a", "A.").Add(1, new Label("vm", "x\"y\\z\nw"), new Label("check", "c"));

        Assert.Contains("a{vm=\"x\\\"y\\\\z\\nw\",check=\"c\"} 1\n", text.ToString());
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(1e21, "1E+21")]
    [InlineData(18446744073709551615, "1.8446744073709552E+19")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    public void Numbers_are_written_as_the_format_reads_them(double value, string written)
    {
        var text = new PrometheusText(strict: true);
        text.Gauge("a", "A.").Add(value);

        Assert.EndsWith($"\na {written}\n", text.ToString());
    }

    [Fact]
    public void A_histogram_is_cumulative_and_ends_at_infinity()
    {
        var text = new PrometheusText(strict: true);
        text.Histogram("fsync_seconds", "Syncs.")
            .Add(new HistogramSnapshot([0.01, 0.1], [3, 2, 1], 0.75), new Label("disk", "a"));

        Assert.Equal(
            """
            # HELP fsync_seconds Syncs.
            # TYPE fsync_seconds histogram
            fsync_seconds_bucket{disk="a",le="0.01"} 3
            fsync_seconds_bucket{disk="a",le="0.1"} 5
            fsync_seconds_bucket{disk="a",le="+Inf"} 6
            fsync_seconds_sum{disk="a"} 0.75
            fsync_seconds_count{disk="a"} 6

            """,
            text.ToString());
    }

    [Fact]
    public void A_family_without_series_and_a_figure_that_is_missing_leave_no_trace()
    {
        var text = new PrometheusText(strict: true);
        text.Gauge("a", "A.").AddIfKnown(null);

        Assert.Equal("", text.ToString());
    }

    [Fact]
    public void A_strict_text_throws_on_what_would_break_it()
    {
        var text = new PrometheusText(strict: true);
        var family = text.Gauge("a", "A.");
        family.Add(1, new Label("x", "1"));

        Assert.Throws<InvalidOperationException>(() => family.Add(2, new Label("x", "1")));
        Assert.Throws<InvalidOperationException>(() => family.Add(2, new Label("le", "1")));
        Assert.Throws<InvalidOperationException>(() => family.Add(2, new Label("With-Dash", "1")));
        Assert.Throws<InvalidOperationException>(() => text.Gauge("a", "A."));
        Assert.Throws<InvalidOperationException>(() => text.Gauge("a_total", "A."));
        Assert.Throws<InvalidOperationException>(() => text.Counter("b", "B."));
        Assert.Throws<InvalidOperationException>(() => text.Gauge("c_bucket", "C."));
        Assert.Throws<InvalidOperationException>(() => text.Gauge("9", "9."));
        Assert.Throws<InvalidOperationException>(() => text.Gauge("camelCase", "C."));
    }

    [Fact]
    public void In_production_the_offending_series_is_left_out_and_counted()
    {
        var text = new PrometheusText(strict: false);
        var family = text.Gauge("a", "A.");
        family.Add(1, new Label("x", "1"));
        family.Add(2, new Label("x", "1"));
        text.Gauge("a", "A again.").Add(3);
        text.Counter("b", "B.").Add(4);

        Assert.Equal("# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\n", text.ToString());
        Assert.Equal(3, text.Dropped(DropReason.Invalid));
    }

    [Theory]
    [InlineData("blixard.raft.fsync", "s", false, "blixard_raft_fsync_seconds")]
    [InlineData("blixard.raft.proposals", null, true, "blixard_raft_proposals_total")]
    [InlineData("blixard.x.size", "By", true, "blixard_x_size_bytes_total")]
    [InlineData("blixard.x.queue", "{items}", false, "blixard_x_queue")]
    [InlineData("blixard.x.wait.seconds", "s", false, "blixard_x_wait_seconds")]
    public void Instruments_are_named_as_the_official_exporter_names_them(
        string instrument, string? unit, bool counter, string name) =>
        Assert.Equal(name, MetricNames.Of(instrument, unit, counter));
}
