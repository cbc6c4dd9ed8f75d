using System.Globalization;
using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary>The commands of a transcript. What is sent stays in flight until it is delivered or dropped.</summary>
internal sealed class ScenarioCluster
{
    private const int MaxRounds = 100;

    private readonly List<ScenarioMember> _members = [];
    private readonly List<Message> _flight = [];
    private StringBuilder _said = new();
    private int _electionTicks;
    private ScenarioCommand? _cluster;

    public string Run(ScenarioCommand command)
    {
        _said = new();
        switch (command.Name)
        {
            case "cluster":
                Create(command);
                break;
            case "tick":
                Tick(Member(command.Member()), (int)command.Number("times", 1));
                break;
            case "campaign":
                Campaign(Member(command.Member()));
                break;
            case "elect":
                Elect(command.Member(), command.Members(0));
                break;
            case "ready":
                TakeReady(Member(command.Member()));
                break;
            case "sync":
                Send(Member(command.Member()).Sync());
                break;
            case "deliver":
                Deliver(command.Members(_members.Count));
                break;
            case "drop":
                Say($"{_flight.RemoveAll(message => IsNamed(command, message))} dropped");
                break;
            case "stabilize":
                Stabilize(command.Members(_members.Count));
                break;
            case "propose":
                var result = Member(command.Member()).Node.Propose("x"u8.ToArray());
                Say($"{result.Status} {result.Index}/{result.Term}");
                break;
            case "read":
                Say($"{(Member(command.Member()).Node.ReadIndex(command.Number("context", 1)) ? "asked" : "nobody leads")}");
                break;
            case "transfer":
                Say($"{Member(command.Member()).Node.TransferLeadership(new(command.Number("to", 0))).Status}");
                break;
            case "change":
                Change(Member(command.Member()), command);
                break;
            case "join":
                Add(Configuration.Empty);
                break;
            case "unreachable":
                Member(command.Member()).Node.Unreachable(new(command.Number("peer", 0)));
                break;
            case "snapshot-failed":
                Member(command.Member()).Node.SnapshotFailed(new(command.Number("to", 0)));
                break;
            case "snapshot-delivered":
                Member(command.Member()).Node.SnapshotDelivered(
                    new(command.Number("to", 0)), command.Number("index", 0));
                break;
            case "compact":
                Member(command.Member()).Compact();
                break;
            case "snapshot-arrives":
                SnapshotArrives(command);
                break;
            case "restart":
                Member(command.Member()).Restart();
                break;
            case "settle":
                Settle(command.Members(_members.Count));
                break;
            case "status":
                foreach (var id in command.Members(_members.Count))
                {
                    Status(Member(id));
                }

                break;
            default:
                // A message made by hand: what some member could have sent once.
                Step(ScenarioMessage.Make(command));
                break;
        }

        return _said.ToString();
    }

    private ScenarioMember Member(MemberId id) => _members[(int)id.Value - 1];

    private void Create(ScenarioCommand command)
    {
        var voters = (int)command.Number("voters", 3);
        var learners = (int)command.Number("learners", 0);
        _electionTicks = (int)command.Number("election", 5);
        _cluster = command;
        var all = Enumerable.Range(1, voters + learners).Select(id => new MemberId((ulong)id)).ToArray();
        var configuration = new Configuration([.. all[..voters]], [.. all[voters..]]);
        foreach (var _ in all)
        {
            Add(configuration);
        }

        // In no configuration, but they know the first.
        for (var i = (int)command.Number("observers", 0); i > 0; i--)
        {
            Add(configuration);
        }
    }

    /// <summary>One more member, with an empty log.</summary>
    private void Add(Configuration configuration)
    {
        var id = new MemberId((ulong)_members.Count + 1);
        var options = new RaftOptions
        {
            Self = id,
            Seed = id.Value,
            ElectionTicks = _electionTicks,
            Observer = _cluster!.Number("observers", 0) > 0,
            MaxAppendEntries = (int)_cluster!.Number("batch", 4096),
            MaxInflightRequests = (int)_cluster.Number("inflight", 64),
            MaxPromotionLag = (int)_cluster.Number("lag", 1_000),
        };
        _members.Add(new(options, new(default, new(0, 0, configuration), [])));
    }

    private void Change(ScenarioMember member, ScenarioCommand command)
    {
        var target = new Configuration(command.Set("voters"), command.Set("learners"));
        var result = member.Node.ChangeConfiguration(target);
        Say($"{result.Status}{(result.Index > 0 ? $" {result.Index}" : "")}{(result.Member.IsNone ? "" : $" {result.Member.Value}")}");
    }

    private void Tick(ScenarioMember member, int times)
    {
        for (var i = 0; i < times; i++)
        {
            member.Node.Tick();
        }

        Say($"{member.Node.Role} in term {member.Node.Term}");
    }

    private void Campaign(ScenarioMember member)
    {
        for (var ticks = 0;
            member.Node.Role is RaftRole.Follower or RaftRole.Learner && ticks < _electionTicks * 2;
            ticks++)
        {
            member.Node.Tick();
        }

        Say($"{member.Node.Role} in term {member.Node.Term}");
    }

    /// <summary>
    /// The first of these becomes leader by the votes of the others, and has sent nothing as leader yet.
    /// </summary>
    private void Elect(MemberId id, IReadOnlyList<MemberId> among)
    {
        var member = Member(id);
        var quiet = _said;
        _said = new();
        for (var round = 0; round < MaxRounds && member.Node.Role != RaftRole.Leader; round++)
        {
            Campaign(member);
            foreach (var each in among)
            {
                TakeReady(Member(each));
                Send(Member(each).Sync());
            }

            while (member.Node.Role != RaftRole.Leader
                && _flight.FirstOrDefault(message => among.Contains(message.To)) is { } message)
            {
                _flight.Remove(message);
                Step(message);
            }
        }

        _flight.Clear();
        _said = quiet;
        Status(member);
    }

    private void TakeReady(ScenarioMember member)
    {
        if (!member.Node.HasReady)
        {
            Say($"nothing");
            return;
        }

        var ready = member.TakeReady();
        _said.Append(ScenarioText.OfWrites(ready));
        Send(ready.Messages);
        _said.Append(ScenarioText.OfRest(ready));
    }

    private void Send(IReadOnlyList<Message> messages)
    {
        foreach (var message in messages)
        {
            Say($"send {TraceText.Of(message)}");
            _flight.Add(message);
        }
    }

    private bool Deliver(IReadOnlyList<MemberId> to)
    {
        var delivered = _flight.Where(message => to.Contains(message.To)).ToArray();
        _flight.RemoveAll(message => to.Contains(message.To));
        foreach (var message in delivered)
        {
            Step(message);
        }

        return delivered.Length > 0;
    }

    private void Step(Message message)
    {
        Say($"{TraceText.Of(message)}");
        Member(message.To).Node.Step(message);
    }

    /// <summary>Until these members have nothing more to do or to say to each other.</summary>
    private void Stabilize(IReadOnlyList<MemberId> members)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var quiet = true;
            foreach (var id in members)
            {
                while (Member(id).Node.HasReady)
                {
                    quiet = false;
                    Say($"> {id.Value}");
                    TakeReady(Member(id));
                    Send(Member(id).Sync());
                }
            }

            if (!Deliver(members) && quiet)
            {
                return;
            }
        }

        Say($"not quiet after {MaxRounds} rounds");
    }

    /// <summary>As stabilize, but says only what came of it.</summary>
    private void Settle(IReadOnlyList<MemberId> members)
    {
        var quiet = _said;
        _said = new();
        Stabilize(members);
        _said = quiet;
        foreach (var id in members)
        {
            Status(Member(id));
        }
    }

    private void SnapshotArrives(ScenarioCommand command)
    {
        var (index, term) = command.Position("snapshot");
        var to = Member(command.Member());
        var from = new MemberId(command.Number("from", 1));
        var sent = Member(from).Node.Snapshot;
        Step(new SnapshotReceived(
            from,
            to.Node.Self,
            command.Number("term", term),
            new(index, term, sent.Index == index ? sent.Configuration : to.Node.Configuration)));
    }

    private void Status(ScenarioMember member) => _said.Append(ScenarioText.Of(member));

    private static bool IsNamed(ScenarioCommand command, Message message) =>
        (!command.Named.ContainsKey("to") || message.To.Value == command.Number("to", 0))
        && (!command.Named.ContainsKey("from") || message.From.Value == command.Number("from", 0));

    private void Say(FormattableString text) => _said.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
