using System.Threading.Channels;
using Blixard.Hypervisor;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent;

/// <summary>
/// Asks the hypervisors of running VMs how large their guests are: once per run, beside the agent's loop, a few at a
/// time. A hypervisor makes its socket some time after its unit runs, so it is asked again a few times, and every few
/// minutes if it then does not answer: what keeps it from answering may end. Never while the VM stops: <c>microvm-shutdown</c> needs the socket then, and QEMU's serves one client at a time.
/// </summary>
internal sealed partial class GuestQueries(
    IGuestQuery guests,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<GuestQueries> logger,
    string procRoot = "/proc")
{
    // A host that starts 1,000 VMs has better to do than to answer us.
    private const int MaxTogether = 4;

    /// <summary>Waits before each further attempt; until one succeeds the command line has to do.</summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)];

    /// <summary>Waits after those.</summary>
    private static readonly TimeSpan LaterPause = TimeSpan.FromMinutes(5);

    // Of the agent's loop.
    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly Channel<Run> _started = Channel.CreateUnbounded<Run>(new() { SingleReader = true });

    /// <summary>
    /// Begins with VMs that have come to run, and lets go of those that do not run any more. Called by the agent's loop
    /// alone, after each change.
    /// </summary>
    public void Follow(AgentView view)
    {
        foreach (var vm in view.Vms.Values)
        {
            var pid = vm is { State: VmState.Running, Unseen: false } ? vm.MainPid : null;
            if (_runs.TryGetValue(vm.Name, out var run) && run.Pid != pid)
            {
                End(run);
            }

            if (pid is { } main && run?.Pid != pid)
            {
                _runs[vm.Name] = run = new(vm, main);
                _started.Writer.TryWrite(run);
            }
        }

        foreach (var gone in _runs.Values.Where(run => !view.Vms.ContainsKey(run.Name)).ToArray())
        {
            End(gone);
        }
    }

    /// <summary>Asks, until cancelled.</summary>
    public async Task RunAsync(ChannelWriter<AgentEvent> loop, CancellationToken cancellationToken)
    {
        using var room = new SemaphoreSlim(MaxTogether);
        var asking = new HashSet<Task>();
        try
        {
            await foreach (var run in _started.Reader.ReadAllAsync(cancellationToken))
            {
                asking.RemoveWhere(task => task.IsCompletedSuccessfully);
                asking.Add(AskAsync(run, room, loop, cancellationToken));
                if (asking.FirstOrDefault(task => task.IsFaulted) is { } broken)
                {
                    await broken;
                }
            }
        }
        finally
        {
            await Task.WhenAll(asking)
                .ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void End(Run run)
    {
        _runs.Remove(run.Name);
        run.Ended.Cancel();
    }

    private async Task AskAsync(
        Run run, SemaphoreSlim room, ChannelWriter<AgentEvent> loop, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(run.Ended.Token, cancellationToken);
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                var outcome = await AttemptAsync(run, room, loop, attempt == Pauses.Length, stop.Token);
                if (outcome == Outcome.Learned || (outcome == Outcome.NobodyToAsk && attempt >= Pauses.Length))
                {
                    return;
                }

                await Task.Delay(attempt < Pauses.Length ? Pauses[attempt] : LaterPause, time, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run is over, or this daemon is: nobody wants to know any more.
        }
    }

    private async Task<Outcome> AttemptAsync(
        Run run, SemaphoreSlim room, ChannelWriter<AgentEvent> loop, bool warns, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        try
        {
            var commandLine = HypervisorCommandLine.Read(run.Pid, run.Hypervisor, procRoot);
            var protocol = ControlProtocols.Of(run.Hypervisor ?? commandLine?.Hypervisor);
            if (protocol is not { } known || SocketOf(run, commandLine) is not { } socket)
            {
                // There may be a wrapper before the hypervisor: another look then finds more.
                Tell(new(run.Pid, null, null, commandLine));
                return commandLine?.MemoryBytes is null ? Outcome.NobodyToAsk : Outcome.Learned;
            }

            try
            {
                var size = await guests.AskSizeAsync(known, socket, cancellationToken);
                metrics.GuestAsked("answered");
                Tell(new(run.Pid, size, known, commandLine));
                return Outcome.Learned;
            }
            catch (ControlSocketException e)
            {
                metrics.GuestAsked(AgentMetrics.OutcomeOf(e.Error));
                run.TroubleSince ??= time.GetUtcNow();
                Tell(new(run.Pid, null, null, commandLine) { Trouble = e.Message, TroubleSince = run.TroubleSince });
                if (warns)
                {
                    LogUnanswered(run.Name, LaterPause.TotalMinutes, e.Message);
                }

                return Outcome.Unanswered;
            }
        }
        finally
        {
            room.Release();
        }

        void Tell(GuestFacts facts)
        {
            if (facts != run.Told)
            {
                run.Told = facts;
                loop.TryWrite(new GuestAnswered(run.Name, facts));
            }
        }
    }

    /// <summary>As its process was told, else where microvm.nix has it.</summary>
    private static string? SocketOf(Run run, HypervisorCommandLine? commandLine) => run.Directory is { } directory
        ? Path.GetFullPath(commandLine?.ControlSocket ?? $"{run.Name}.sock", directory)
        : Path.IsPathRooted(commandLine?.ControlSocket) ? commandLine.ControlSocket : null;

    [LoggerMessage(
        LogLevel.Warning,
        "The hypervisor of VM {Vm} does not say how large its guest is, and is asked every {Minutes} minutes only: {Reason}")]
    private partial void LogUnanswered(string vm, double minutes, string reason);

    private enum Outcome
    {
        Learned,
        NobodyToAsk,
        Unanswered,
    }

    /// <summary>One run of a VM: as long as it has this main process.</summary>
    private sealed class Run(AgentVm vm, int pid)
    {
        public string Name { get; } = vm.Name;

        public int Pid { get; } = pid;

        public string? Hypervisor { get; } = vm.Definition?.Hypervisor;

        public string? Directory { get; } = vm.WorkingDirectory ?? vm.Definition?.Directory;

        /// <summary>
        /// Cancelled when it is over. Not disposed: it has no timer, and who asks may still look at it.
        /// </summary>
        public CancellationTokenSource Ended { get; } = new();

        /// <summary>What was said of it last.</summary>
        public GuestFacts? Told { get; set; }

        /// <summary>When it first did not answer.</summary>
        public DateTimeOffset? TroubleSince { get; set; }
    }
}
