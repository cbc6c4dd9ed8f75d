using System.Globalization;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;

namespace Blixard.Raft.Simulation.World;

/// <summary>What a run that held amounts to.</summary>
/// <param name="Hash">Of everything that happened, in order: the same for the same seed.</param>
internal readonly record struct SimulationResult(ulong Hash, long Events, int Elections, ulong Committed, int Acknowledged);

/// <summary>One seed: chaos for a number of events, then healing.</summary>
internal sealed class SimulationRun
{
    private const long MaxHealEvents = 400_000;

    private readonly ulong _seed;
    private readonly long _chaosEvents;
    private readonly SimWorld _world;
    private readonly StateTrace? _states;
    private HealPhase? _heal;
    private ulong _hash;

    private SimulationRun(ulong seed, long chaosEvents, TextWriter? trace, TextWriter? states)
    {
        _states = states is null ? null : new(states);
        _seed = seed;
        _chaosEvents = chaosEvents;
        _world = new(seed, trace);
    }

    /// <param name="seed">Decides everything.</param>
    /// <param name="chaosEvents">Events before all heals.</param>
    /// <param name="trace">Gets every step as a line of text.</param>
    /// <param name="states">Gets what every step made of a member, as lines of JSON.</param>
    /// <exception cref="SimulationFailure">Something that must hold did not.</exception>
    public static SimulationResult Run(
        ulong seed, long chaosEvents, TextWriter? trace = null, TextWriter? states = null)
    {
        var run = new SimulationRun(seed, chaosEvents, trace, states);
        try
        {
            return run.Run();
        }
        catch (Exception cause)
        {
            // Whatever it is, a broken invariant or a core that throws: it is the seed that is wanted.
            var invariant = cause is InvariantBroken broken ? broken.Invariant : cause.GetType().Name;
            throw new SimulationFailure(invariant, seed, run.Report(cause), cause);
        }
    }

    private SimulationResult Run()
    {
        Begin();
        while (_heal is not { IsDone: true })
        {
            var next = _world.Events.Take();
            _world.Now = next.Time;
            _world.Steps++;
            Handle(next);
            if (_heal is not null)
            {
                _heal.AfterStep();
                _world.Invariants.Require(
                    _world.Steps < _chaosEvents + MaxHealEvents, "Liveness", $"not healed in {MaxHealEvents} events");
            }
            else if (_world.Steps >= _chaosEvents)
            {
                _world.Nemesis.Relent();
                _heal = new(_world);
            }
        }

        _world.Clients.History.RequireLinearizable(_world.Invariants);
        return new(
            _hash,
            _world.Steps,
            _world.Invariants.Elections,
            _world.Invariants.CommittedIndex,
            _world.Clients.AcknowledgedCount);
    }

    private void Begin()
    {
        foreach (var member in _world.FirstConfiguration.Members)
        {
            _world.Member(member).Join();
        }

        foreach (var member in _world.Members)
        {
            if (_world.IsFirstObserver(member.Number))
            {
                member.Join();
            }
        }

        for (var client = 0; client < _world.Options.Clients; client++)
        {
            _world.Schedule(_world.Random.Below(_world.Options.ClientEvery), EventKind.Client, client);
        }

        _world.Nemesis.Begin();
    }

    private void Handle(in SimEvent next)
    {
        _hash = EventHash.Mix(_hash, (ulong)next.Time << 8 | (byte)next.Kind);
        if (next.Member < 0)
        {
            HandleWorld(next);
            return;
        }

        var member = _world.Members[next.Member];
        if (member.PausedUntil > next.Time)
        {
            // Still in order among themselves: the queue is stable.
            _world.Events.Add(member.PausedUntil, next.Kind, next.Member, next.Incarnation, next.Payload);
            return;
        }

        var survivesCrash = next.Kind is EventKind.Deliver or EventKind.Start or EventKind.SnapshotArrived;
        if (survivesCrash || next.Incarnation == member.Incarnation)
        {
            try
            {
                HandleMember(member, next);
            }
            catch (IOException e)
            {
                // Whatever the disk throws ends the process, as RaftHost.Completion says.
                member.Exit(e);
            }
            catch (UnknownCommandException e)
            {
                member.Upgrade(e);
            }

            _states?.Add(_world, member, KindNames[(int)next.Kind]);
            _hash = EventHash.Mix(_hash, member.Node is { } node ? node.Term << 32 | node.Commit : 0);
        }
    }

    private void HandleWorld(in SimEvent next)
    {
        if (_heal is not null)
        {
            return;
        }

        if (next.Kind == EventKind.Client)
        {
            var client = (int)next.Payload!;
            _world.Clients.Act(client);
            _world.Schedule(
                _world.Random.Between(1, _world.Options.ClientEvery * 2), EventKind.Client, next.Payload);
        }
        else
        {
            _world.Nemesis.Strike(next.Kind, next.Payload);
        }
    }

    private void HandleMember(SimMember member, in SimEvent next)
    {
        _world.Trace.Add(_world, member.Number, KindNames[(int)next.Kind], next.Payload);
        switch (next.Kind)
        {
            case EventKind.Tick:
                member.Tick();
                break;
            case EventKind.Deliver:
                member.Receive((Message)next.Payload!);
                break;
            case EventKind.Drain:
                member.Drain();
                break;
            case EventKind.SyncDone:
                member.SyncDone();
                break;
            case EventKind.Start:
                member.Start();
                break;
            case EventKind.Recovered:
                member.Recovered();
                break;
            case EventKind.SnapshotStored:
                member.SnapshotStored((SnapshotCapture)next.Payload!);
                break;
            case EventKind.SnapshotArrived:
                member.SnapshotArrived((SnapshotTransfer)next.Payload!);
                break;
            case EventKind.SnapshotOutcome:
                member.SnapshotOutcome((SnapshotTransfer)next.Payload!);
                break;
            case EventKind.Unreachable:
                member.Unreachable((MemberId)next.Payload!);
                break;
            case EventKind.Disconnected:
                member.Disconnected((MemberId)next.Payload!);
                break;
            default:
                throw new InvalidOperationException($"{next.Kind} is no member's event");
        }
    }

    private static readonly string[] KindNames = Enum.GetNames<EventKind>();

    private string Report(Exception cause) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {cause.Message}
        seed {_seed}, step {_world.Steps}, virtual time {_world.Now / 1e6:F6} s, {(_heal is null ? "chaos" : "healing")}
        {_world.Options}
        {_world.Trace}
        Replay: make sim SEED={_seed} EVENTS={_chaosEvents}
        {(cause is InvariantBroken ? "" : cause.ToString())}
        """);
}
