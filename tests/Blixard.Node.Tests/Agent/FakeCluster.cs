using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Agent;

/// <summary>A cluster of one that really applies what it is told, and can be out of reach.</summary>
internal sealed class FakeCluster : IProposals
{
    private readonly Lock _gate = new();
    private readonly List<Command> _applied = [];
    private readonly Pulse _news = new();
    private ClusterState _state = ClusterState.Empty;
    private volatile bool _hasLeader = true;
    private int _looks;

    public FakeCluster(params IEnumerable<string> nodes)
    {
        var member = 1ul;
        foreach (var node in nodes)
        {
            var registration = new RegisterNode
            {
                Node = node,
                MemberId = member++,
                BootId = $"boot-of-{node}",
                ClusterVersion = CommandVersions.Newest,
            };
            Apply(new() { RegisterNode = registration }, node);
        }
    }

    /// <summary>From now on the cluster may use commands of that version.</summary>
    public void Raise(uint version) =>
        Apply(new() { DecidedTerm = 1, SetClusterVersion = new() { Version = version } }, "n1");

    public ClusterState State => Volatile.Read(ref _state);

    public Task NextState => _news.Next;

    public bool HasLeader
    {
        get
        {
            Interlocked.Increment(ref _looks);
            return _hasLeader;
        }

        set => _hasLeader = value;
    }

    /// <summary>
    /// How often somebody asked for a leader, as a loop does once a round: a test that moves the clock waits for it.
    /// </summary>
    public int Looks => Volatile.Read(ref _looks);

    /// <summary>Proposals fail as without a leader.</summary>
    public bool OutOfReach { get; set; }

    /// <summary>Proposals are applied, and their answers lost.</summary>
    public bool AnswersLost { get; set; }

    public IReadOnlyList<Command> Applied
    {
        get
        {
            lock (_gate)
            {
                return [.. _applied];
            }
        }
    }

    public IEnumerable<UpdateState> Reports => Applied.Where(c => c.UpdateState is not null).Select(c => c.UpdateState);

    public Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken)
    {
        if (OutOfReach)
        {
            throw new NoLeaderException("out of reach");
        }

        var result = Apply(command, "n1");
        return AnswersLost
            ? throw new OutcomeUnknownException("the answer was lost")
            : Task.FromResult(result);
    }

    public CommandResult Apply(Command command, string actor)
    {
        lock (_gate)
        {
            command.Actor = actor;
            command.TimeUnixMs = 1_000_000 + (long)_state.Index;
            var outcome = _state.Apply(_state.Index + 1, 1, command);
            Volatile.Write(ref _state, outcome.State);
            _applied.Add(command);
            _news.Fire();
            return outcome.Result;
        }
    }

    /// <summary>
    /// Waits until what was applied satisfies the condition; real work is going on, so real time limits it.
    /// </summary>
    public async Task UntilAsync(Func<ClusterState, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = NextState;
            if (condition(State))
            {
                return;
            }

            await next.WaitAsync(cancellationToken);
        }
    }
}
