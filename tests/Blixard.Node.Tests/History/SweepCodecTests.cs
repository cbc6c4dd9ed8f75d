using System.Text;
using Blixard.Node.History;

namespace Blixard.Node.Tests.History;

public class SweepCodecTests
{
    private const HistoryMetric Last = HistoryMetric.PressureIo;

    [Fact]
    public void What_was_encoded_is_decoded_whatever_the_figures_are()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var (encoder, decoder) = (new SweepEncoder(), new SweepDecoder(Last));
            var vms = random.Next(20);
            for (var i = 0; i < 40; i++)
            {
                // VMs come and go in the midst of a run.
                vms = random.Next(10) == 0 ? random.Next(20) : vms;
                var sweep = Sweeps.Random(random, FakeTime.Start.AddSeconds(i), vms);

                Assert.True(decoder.Read(encoder.Encode(sweep)), $"seed {seed}");

                Assert.Equal(sweep.Vms.Keys, decoder.Names);
                foreach (var (vm, figures) in sweep.Vms)
                {
                    foreach (var metric in Enum.GetValues<HistoryMetric>())
                    {
                        Assert.Equal(figures[metric], decoder.Value(vm, metric));
                    }
                }
            }
        }
    }

    [Fact]
    public void A_run_is_read_from_its_beginning_or_not_at_all()
    {
        var encoder = new SweepEncoder();
        byte[][] records =
        [
            .. Enumerable.Range(0, SweepEncoder.RunLength + 2)
                .Select(i => encoder.Encode(Sweeps.Of(FakeTime.Start.AddSeconds(i), ("web1", i)))),
        ];
        var decoder = new SweepDecoder(Last);

        Assert.False(decoder.Read(records[3]));
        Assert.True(decoder.Read(records[SweepEncoder.RunLength]));
        Assert.Equal(SweepEncoder.RunLength * 100, decoder.Value("web1", HistoryMetric.Cpu));
    }

    [Fact]
    public void A_decoder_of_one_figure_reads_no_further_and_has_it_right()
    {
        var (encoder, decoder) = (new SweepEncoder(), new SweepDecoder(HistoryMetric.Cpu));
        for (var i = 0; i < 5; i++)
        {
            Assert.True(decoder.Read(encoder.Encode(Sweeps.Of(FakeTime.Start.AddSeconds(i), ("a", null), ("b", i)))));
            Assert.Null(decoder.Value("a", HistoryMetric.Cpu));
            Assert.Equal(i * 100, decoder.Value("b", HistoryMetric.Cpu));
            Assert.Null(decoder.Value("c", HistoryMetric.Cpu));
        }
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_noticed()
    {
        var record = new SweepEncoder().Encode(Sweeps.Of(FakeTime.Start, ("web1", 12.5), ("web2", null)));
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var damaged = (byte[])record.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<HistoryDamagedException>(() => new SweepDecoder(Last).Read(damaged));
        }

        for (var length = 0; length < record.Length; length++)
        {
            var cut = record[..length];
            Assert.Throws<HistoryDamagedException>(() => new SweepDecoder(Last).Read(cut));
        }
    }

    [Fact]
    public void A_body_of_anything_with_a_right_checksum_is_damaged_or_a_sweep_and_never_more()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var body = new byte[random.Next(60)];
            random.NextBytes(body);
            var record = RecordFrame.Seal((RecordKind)random.Next(1, 4), FakeTime.Start, body);
            try
            {
                new SweepDecoder(Last).Read(record);
                MinuteRollup.Read(record, "web1"u8, HistoryMetric.Cpu);
            }
            catch (HistoryDamagedException)
            {
            }
        }
    }

    [Fact]
    public void A_minute_has_the_count_the_sum_and_the_maximum_of_its_sweeps()
    {
        var rollup = new MinuteRollup();
        var minute = new DateTimeOffset(2026, 5, 31, 16, 29, 0, TimeSpan.Zero);
        Assert.Null(rollup.Add(Sweeps.Of(minute.AddSeconds(1), ("web1", 10), ("web2", null))));
        Assert.Null(rollup.Add(Sweeps.Of(minute.AddSeconds(6), ("web1", 30), ("web2", null))));

        var record = rollup.Add(Sweeps.Of(minute.AddSeconds(61), ("web1", 99)))!;

        Assert.Equal((RecordKind.Minute, minute), RecordFrame.Open(record));
        Assert.Equal(new Summary(2, 4000, 3000), MinuteRollup.Read(record, "web1"u8, HistoryMetric.Cpu));
        Assert.Equal(0, MinuteRollup.Read(record, "web2"u8, HistoryMetric.Cpu)!.Value.Count);
        Assert.Equal(0, MinuteRollup.Read(record, "web1"u8, HistoryMetric.Pids)!.Value.Count);
        Assert.Null(MinuteRollup.Read(record, Encoding.UTF8.GetBytes("web"), HistoryMetric.Cpu));
    }

    [Fact]
    public void A_clock_that_steps_back_ends_a_minute_too()
    {
        var rollup = new MinuteRollup();
        rollup.Add(Sweeps.Of(FakeTime.Start, ("web1", 1)));
        Assert.NotNull(rollup.Add(Sweeps.Of(FakeTime.Start.AddHours(-1), ("web1", 1))));
    }
}
