using Blixard.Node.Fencing;

namespace Blixard.Node.Tests.Fencing;

/// <summary>The fencing of one host: directories of its own, clocks and a systemd that the test drives.</summary>
internal sealed class FenceRoom : IDisposable
{
    public const string Boot = "0b0e5b1c-8a0c-4a5e-9b8e-0c7de3f1a001";

    private readonly TemporaryDirectory _directory = new();

    public FenceRoom()
    {
        Paths = new(Path.Combine(_directory.Path, "run"), Path.Combine(_directory.Path, "kept"));
        GateFiles.EnsureDirectories(Paths);
        Pid1 = new(Clocks);
        File = new(Paths, Boot);
        DeadMan = new(Pid1, Pid1, Clocks, File, Metrics);
        Grants = new(Paths, Boot);
        DefineFence("100");
    }

    public GatePaths Paths { get; }

    public FakeClocks Clocks { get; } = new();

    public FakePid1 Pid1 { get; }

    public FenceMetrics Metrics { get; } = new();

    public LeaseFile File { get; }

    public DeadMan DeadMan { get; }

    public GrantStore Grants { get; }

    public FenceTried Tried => new(Paths, Boot);

    /// <summary>The template gives a service for every deadline.</summary>
    public void DefineFence(string instance, string load = "loaded") => Pid1.Define(new()
    {
        Name = DeadMan.ServiceOf(instance),
        LoadState = load,
        ActiveState = "inactive",
        JobRunningTimeoutMicroseconds = 4_000_000,
        JobTimeoutAction = "reboot-immediate",
        FailureAction = "reboot-immediate",
    });

    /// <summary>An answer to a renewal that was sent now.</summary>
    public Lease Granted(TimeSpan term, ulong epoch = 3)
    {
        DefineFence($"{Clocks.BootTime}");
        return new(epoch, Clocks.BootTime, Clocks.BootTime + (long)term.TotalMicroseconds);
    }

    public void Dispose()
    {
        Metrics.Dispose();
        _directory.Dispose();
    }
}
