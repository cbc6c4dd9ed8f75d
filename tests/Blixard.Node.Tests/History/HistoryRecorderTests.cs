using Blixard.Node.Agent;
using Blixard.Node.History;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.History;

public sealed class HistoryRecorderTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly HistoryMeter _meter = new();
    private readonly MemoryHistoryLog _log = new();
    private readonly AgentViewStore _views = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    public async Task Every_sweep_is_kept_and_the_stop_makes_it_durable()
    {
        using var store = Store(_ => _log.Open());
        using var recorder = Recorder(store);
        await recorder.StartAsync(default);
        for (var i = 1; i <= 3; i++)
        {
            await SweepUntilAsync(() => store.Status.Newest == _time.GetUtcNow());
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        await recorder.StopAsync(default);

        Assert.Equal(_log.Committed, _log.Tail);
        Assert.True(_log.Count >= 3);
    }

    [Fact]
    public async Task A_bug_in_the_history_stops_neither_the_agents_loop_nor_the_daemon()
    {
        using var store = Store(_ => throw new InvalidOperationException("a bug"));
        using var recorder = Recorder(store);
        await recorder.StartAsync(default);
        await SweepUntilAsync(() => true);

        await recorder.StopAsync(default);

        Assert.False(recorder.ExecuteTask!.IsFaulted);
    }

    /// <summary>Sweeps as the agent does, which waits for nobody: what comes before the recorder listens is not kept.</summary>
    private async Task SweepUntilAsync(Func<bool> kept)
    {
        do
        {
            _views.ReplaceSwept(View(new VmSample(
                _time.GetUtcNow(),
                new CgroupSample(_time.GetTimestamp(), null, 1, null, null, null, null, null, null, null, null),
                1,
                null)));
            await Task.Yield();
        }
        while (!kept());
    }

    private HistoryStore Store(Func<string, IHistoryLog> open) => new(
        new() { Directory = "/nowhere" }, open, _ => long.MaxValue, _meter, _time, NullLogger<HistoryStore>.Instance);

    private HistoryRecorder Recorder(HistoryStore store) => new(
        _views, store, new() { Directory = "/nowhere" }, _meter, _time, NullLogger<HistoryRecorder>.Instance);

    private static AgentView View(VmSample sample) => AgentView.Empty with
    {
        Vms = AgentView.Empty.Vms.Add("web1", new AgentVm
        {
            Name = "web1",
            Unit = "microvm@web1.service",
            Scope = UnitScope.System,
            Sample = sample,
        }),
    };
}
