using System.Text;
using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>
/// A few members on a bench: the test decides when time passes, which messages arrive and when disks are done.
/// </summary>
internal sealed class Lab
{
    private readonly SortedDictionary<MemberId, LabMember> _members = [];
    private readonly HashSet<(MemberId From, MemberId To)> _cut = [];
    private readonly Func<RaftOptions, RaftOptions>? _configure;

    public Lab(int voters, int learners = 0, Func<RaftOptions, RaftOptions>? configure = null)
    {
        var ids = Enumerable.Range(1, voters + learners).Select(i => new MemberId((ulong)i)).ToArray();
        Configuration = new([.. ids.Take(voters)], [.. ids.Skip(voters)]);
        _configure = configure;
        foreach (var id in ids)
        {
            Add(id, Configuration);
        }
    }

    public Configuration Configuration { get; }

    public LabMember this[int id] => _members[new((ulong)id)];

    public IEnumerable<LabMember> Members => _members.Values;

    public static Configuration Voters(params IEnumerable<int> ids) => Configuration.Of(Ids(ids));

    public static IEnumerable<MemberId> Ids(params IEnumerable<int> ids) => ids.Select(id => new MemberId((ulong)id));

    /// <summary>Messages on the way, oldest first.</summary>
    public List<Message> Wire { get; } = [];

    public LabMember Leader => _members.Values.Single(m => m.Node.Role == RaftRole.Leader);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A member with an empty log that is in no configuration yet.</summary>
    public LabMember Add(int id) => Add(new((ulong)id), Configuration.Empty);

    /// <summary>One that is in no configuration, but knows the first.</summary>
    public LabMember AddObserver(int id) => Add(new((ulong)id), Configuration);

    public void Cut(int from, int to) => _cut.Add((new((ulong)from), new((ulong)to)));

    public void Isolate(int id)
    {
        foreach (var other in _members.Keys.Where(m => m.Value != (ulong)id))
        {
            _cut.Add((new((ulong)id), other));
            _cut.Add((other, new((ulong)id)));
        }
    }

    public void Heal() => _cut.Clear();

    /// <summary>Takes what members want done: disks finish at once unless held, messages go on the wire.</summary>
    public void Drive()
    {
        foreach (var member in _members.Values)
        {
            Wire.AddRange(member.Drive());
        }
    }

    /// <summary>Delivers until nothing is on the way.</summary>
    public void Settle(Func<Message, bool>? drop = null)
    {
        Drive();
        for (var rounds = 0; Wire.Count > 0; rounds++)
        {
            Assert.True(rounds < 10_000, "the members never fall silent");
            var message = Wire[0];
            Wire.RemoveAt(0);
            if (drop?.Invoke(message) != true)
            {
                Step(message);
            }

            Drive();
        }
    }

    /// <summary>It arrives, unless the link is cut.</summary>
    public void Step(Message message)
    {
        if (!_cut.Contains((message.From, message.To)) && message is not InstallSnapshotRequest { ToObserver: true })
        {
            _members[message.To].Node.Step(message);
        }
    }

    public void Tick(int id, int ticks = 1)
    {
        for (var i = 0; i < ticks; i++)
        {
            this[id].Node.Tick();
            Drive();
        }
    }

    /// <summary>Time passes for everyone, with all messages delivered in between.</summary>
    public void Run(int ticks)
    {
        for (var i = 0; i < ticks; i++)
        {
            foreach (var member in _members.Values)
            {
                member.Node.Tick();
            }

            Settle();
        }
    }

    public LabMember Elect(int id, Func<Message, bool>? drop = null)
    {
        // Others must have forgotten any leader, or they are loyal to it.
        for (var i = 0; this[id].Node.Role != RaftRole.Leader; i++)
        {
            Assert.True(i < 100, $"member {id} is not elected");
            Tick(id);
            foreach (var other in _members.Values.Where(m => m.Node.Self.Value != (ulong)id && i < 5))
            {
                other.Node.Tick();
            }

            Settle(drop);
        }

        return this[id];
    }

    private LabMember Add(MemberId id, Configuration configuration)
    {
        var options = new RaftOptions { Self = id, Seed = id.Value };
        var member = new LabMember(_configure?.Invoke(options) ?? options, configuration);
        _members.Add(id, member);
        return member;
    }
}
