using System.Diagnostics.Metrics;
using Blixard.Node.Metrics;

namespace Blixard.Node.Tests.Metrics;

public sealed class MeterCollectorTests : IDisposable
{
    private readonly Meter _meter = new("Tests.MeterCollector");
    private readonly MeterCollector _collector;

    public MeterCollectorTests() => _collector = new MeterCollector(meter => meter == _meter);

    [Fact]
    public void Counters_add_up_by_their_tags_whatever_the_order_of_these()
    {
        var counter = _meter.CreateCounter<long>("blixard.test.things", description: "Things.");
        counter.Add(2, new("outcome", "ok"), new KeyValuePair<string, object?>("kind", 7));
        counter.Add(3, new("kind", 7), new KeyValuePair<string, object?>("outcome", "ok"));
        counter.Add(1, new KeyValuePair<string, object?>("outcome", "lost"));

        Assert.Equal(
            """
            # HELP blixard_test_things_total Things.
            # TYPE blixard_test_things_total counter
            blixard_test_things_total{kind="7",outcome="ok"} 5
            blixard_test_things_total{outcome="lost"} 1

            """,
            Text());
    }

    [Fact]
    public void A_histogram_counts_a_value_on_a_bound_below_it()
    {
        var histogram = _meter.CreateHistogram<double>("blixard.test.fsync", "s", "Syncs.");
        histogram.Record(0.005);
        histogram.Record(0.0051);
        histogram.Record(99);

        var text = Text();
        Assert.Contains("blixard_test_fsync_seconds_bucket{le=\"0.0025\"} 0\n", text);
        Assert.Contains("blixard_test_fsync_seconds_bucket{le=\"0.005\"} 1\n", text);
        Assert.Contains("blixard_test_fsync_seconds_bucket{le=\"0.01\"} 2\n", text);
        Assert.Contains("blixard_test_fsync_seconds_bucket{le=\"10\"} 2\n", text);
        Assert.Contains("blixard_test_fsync_seconds_bucket{le=\"+Inf\"} 3\n", text);
        Assert.Contains("blixard_test_fsync_seconds_count 3\n", text);
    }

    [Fact]
    public void A_histogram_may_bring_its_own_bounds()
    {
        var histogram = _meter.CreateHistogram<int>(
            "blixard.test.batch", null, "Batch.", null, new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 8] });
        histogram.Record(4);

        Assert.Contains("le=\"1\"} 0\nblixard_test_batch_bucket{le=\"8\"} 1\nblixard_test_batch_bucket{le=\"+Inf\"} 1\n", Text());
    }

    [Fact]
    public void Gauges_show_the_last_value_and_observed_totals_are_not_added_up()
    {
        var total = 5L;
        _meter.CreateObservableCounter("blixard.test.seen", () => total);
        _meter.CreateUpDownCounter<int>("blixard.test.open").Add(3);
        _meter.CreateGauge<double>("blixard.test.level").Record(0.5);

        Assert.Contains("blixard_test_seen_total 5\n", Text());
        total = 6;
        var text = Text();
        Assert.Contains("blixard_test_seen_total 6\n", text);
        Assert.Contains("# TYPE blixard_test_open gauge\nblixard_test_open 3\n", text);
        Assert.Contains("blixard_test_level 0.5\n", text);
    }

    [Fact]
    public void Too_many_sets_of_tags_are_dropped_and_counted()
    {
        var counter = _meter.CreateCounter<long>("blixard.test.unbounded");
        for (var i = 0; i < MeterCollector.MaxSeries + 3; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        var text = new PrometheusText(strict: true);
        _collector.Collect(text);

        Assert.Equal(3, text.Dropped(DropReason.LabelLimit));
        Assert.Equal(MeterCollector.MaxSeries, text.ToString().Split('\n').Count(line => line.Contains("{id=")));
    }

    [Fact]
    public void Other_meters_are_not_heard_and_those_that_are_gone_are_forgotten()
    {
        using var other = new Meter("Tests.Other");
        other.CreateCounter<long>("blixard.other").Add(1);
        _meter.CreateCounter<long>("blixard.test.things").Add(1);
        Assert.DoesNotContain("blixard_other", Text());

        _meter.Dispose();

        Assert.Equal("", Text());
    }

    [Fact]
    public void Recording_from_many_threads_loses_nothing()
    {
        var counter = _meter.CreateCounter<long>("blixard.test.things");
        var histogram = _meter.CreateHistogram<double>("blixard.test.fsync", "s");

        Parallel.For(0, 10_000, i =>
        {
            counter.Add(1, new KeyValuePair<string, object?>("parity", i % 2));
            histogram.Record(0.001);
        });

        var text = Text();
        Assert.Contains("blixard_test_things_total{parity=\"0\"} 5000\n", text);
        Assert.Contains("blixard_test_fsync_seconds_count 10000\n", text);
    }

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    private string Text()
    {
        var text = new PrometheusText(strict: true);
        _collector.Collect(text);
        return text.ToString();
    }
}
