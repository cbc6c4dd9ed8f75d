using Blixard.Node.Options;

namespace Blixard.Node.Tests.Options;

public sealed class LiveTests
{
    private sealed record Period(TimeSpan Every, string Other = "");

    [Fact]
    public void A_part_follows_the_whole_until_nobody_follows()
    {
        var whole = new Live<Period>(new(TimeSpan.FromSeconds(1), "a"));
        var part = whole.Of(now => now.Other);
        var seen = new List<string>();
        using (part.Follow(() => seen.Add(part.Value)))
        {
            whole.Set(new(TimeSpan.FromSeconds(1), "b"));
        }

        whole.Set(new(TimeSpan.FromSeconds(1), "c"));

        Assert.Equal(["b"], seen);
        Assert.Equal("c", part.Value);
    }

    [Fact]
    public async Task A_timer_takes_a_new_period_at_once_and_another_setting_does_not_put_it_off()
    {
        var time = new FakeTime();
        var settings = new Live<Period>(new(TimeSpan.FromMinutes(5)));
        using var timer = new LiveTimer<Period>(settings, static now => now.Every, time);
        var tick = timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        settings.Set(new(TimeSpan.FromSeconds(10)));
        time.Advance(TimeSpan.FromSeconds(9));
        settings.Set(new(TimeSpan.FromSeconds(10), "another"));
        Assert.False(tick.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await tick);
    }

    [Fact]
    public void A_timer_that_is_gone_is_left_alone()
    {
        var settings = new Live<Period>(new(TimeSpan.FromMinutes(5)));
        new LiveTimer<Period>(settings, static now => now.Every, new FakeTime()).Dispose();

        settings.Set(new(TimeSpan.FromSeconds(10)));

        Assert.Equal(TimeSpan.FromSeconds(10), settings.Value.Every);
    }
}
