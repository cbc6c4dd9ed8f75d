using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Tests;

/// <summary>
/// A seeded stream of commands over few names, so that they meet: good ones, refused ones, late ones, malformed ones,
/// and retries of any earlier one.
/// </summary>
internal sealed class CommandStream(int seed)
{
    private readonly Random _random = new(seed);

    // Of its own, so that what it decides leaves the rest of the stream as it was.
    private readonly Random _facts = new(~seed);
    private readonly List<Command> _sent = [];
    private readonly ulong[] _observation = new ulong[6];
    private ulong _sequence;
    private ulong _session;
    private ulong _asked = 1;
    private long _now = Replica.Start;

    /// <param name="nextIndex">Where the command will stand if it is committed.</param>
    public Command Next(ulong nextIndex)
    {
        _now += _random.Next(0, 2000);
        if (_sent.Count > 0 && Chance(8))
        {
            return _sent[_random.Next(_sent.Count)];
        }

        var command = Make().At(_now);
        if (command.BodyCase == Command.BodyOneofCase.OpenSession)
        {
            (_session, _sequence) = (nextIndex, 0);
        }
        else if (_session != 0 && !Chance(4))
        {
            _sequence++;
            var open = Chance(10) ? _session + 1 : _session;
            var behind = (ulong)_random.Next(0, Math.Min(5, (int)_sequence));
            command = command.In(open, _sequence, Chance(2) ? _sequence - behind : 0);
        }

        if (Chance(40))
        {
            command.Actor = "";
        }

        if (Chance(3) && command.BodyCase != Command.BodyOneofCase.OpenSession)
        {
            command.IdempotencyKey = $"key-{_random.Next(20)}";
            command.RequestHash = (ulong)_random.Next(1, 3);
        }

        if (command.BodyCase == Command.BodyOneofCase.ChangeMembership && Chance(2))
        {
            _asked = nextIndex;
        }

        _sent.Add(command);
        return command;
    }

    private Command AskFor() => Tests.Make.Ask(
        _random.Next(3) switch
        {
            0 => MembershipChangeKind.Remove,
            1 => MembershipChangeKind.Promote,
            _ => MembershipChangeKind.Transfer,
        },
        Node());

    private Command Make() => _random.Next(30) switch
    {
        0 => Tests.Make.OpenSession((ulong)_random.Next(1, 1000)),
        1 or 2 => Registration(),
        3 => Tests.Make.Lost(Node()),
        4 or 5 => Tests.Make.Active(Node()),
        6 => Tests.Make.RemoveVM(Vm()),
        7 or 8 or 9 => Tests.Make.RegisterVM(Vm(), Node(), State(), _random.Next(1, 1000)),
        10 => Tests.Make.Assign((Vm(), Node())),
        11 or 12 => Judge(),
        13 or 14 => KeepAlive(),
        20 => Chance(2) ? Tests.Make.Add(Node()) : AskFor(),
        21 or 22 => Tests.Make.Settle(_asked, Chance(4) ? "no" : ""),
        27 => Tests.Make.Raise((uint)_random.Next(1, 3)),
        28 => Tests.Make.Advance(TimeSpan.FromMinutes(_random.Next(1, 90))),
        29 => Tests.Make.Forget(Vm(), Node()),
        24 or 25 => Tests.Make.Annotate(Vm(), $"k{_random.Next(3)}", new byte[_random.Next(4)]),
        _ => Report(),
    };

    private Command Registration()
    {
        var command = Tests.Make.RegisterNode(Node(), Boot());
        command.RegisterNode.ClusterVersion = (uint)_random.Next(0, 3);
        return command;
    }

    private Command Report()
    {
        var number = _random.Next(1, 5);
        var sequence = Chance(8) ? 1 : ++_observation[number];
        var vms = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = _random.Next(0, 4); i > 0; i--)
        {
            vms.Add(Vm());
        }

        return Tests.Make.Report($"n{number}", sequence, Boot(), Chance(5), [.. vms.Select(Seen)]);
    }

    private Command KeepAlive()
    {
        var number = _random.Next(1, 5);
        return Tests.Make.KeepAlive($"n{number}", Math.Max(1, _observation[number]), Boot());
    }

    private Command Judge()
    {
        bool? healthy = _random.Next(3) switch { 0 => null, 1 => true, _ => false };
        var command = Tests.Make.Judge(Vm(), Node(), healthy, Tests.Make.Check("network", Chance(2)));
        if (Chance(4))
        {
            command.UpdateHealth.Checks.Clear();
        }

        return command;
    }

    private VmObservation Seen(string vm)
    {
        var seen = Tests.Make.Seen(vm, State());
        seen.SubState = Chance(3) ? "auto-restart" : "";
        seen.SinceUnixMs = Chance(40) ? -1 : 0;
        seen.Restarts = (uint)_random.Next(3);
        if (Chance(2))
        {
            seen.Resources = new ResourceUsage { SampledAtUnixMs = _now, MemoryBytes = (ulong)_random.Next(3) };
            seen.MainPid = (uint)_random.Next(3);
        }

        if (_facts.Next(3) == 0)
        {
            seen.Unseen = _facts.Next(3) == 0;
            seen.Facts = new VmFacts { Hypervisor = _facts.Next(2) == 0 ? "qemu" : "" };
            seen.Facts.CurrentRunner = _facts.Next(2) == 0 ? "/a" : "/b";
            for (var i = _facts.Next(3); i > 0; i--)
            {
                seen.Facts.Taps.Add($"vm-{_facts.Next(3)}");
            }
        }

        if (Chance(2))
        {
            seen.Checks.Add(Tests.Make.Check("service_state", Chance(2)));
        }

        return seen;
    }

    private string Node() => $"n{_random.Next(1, 5)}";

    private string Vm() => $"vm{_random.Next(1, 7)}";

    private string Boot() => Chance(12) ? "boot-2" : Tests.Make.Boot;

    private VmState State() => (VmState)_random.Next(0, 6);

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
