using Blixard.Client;
using Blixard.Client.Contracts;
using Blixard.Cluster.Harness;

namespace Blixard.Soak;

/// <summary>The members under test, and how a host of theirs is brought up again.</summary>
internal sealed class SoakCluster(IReadOnlyList<Member> members, Func<Member, Task> up)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public IReadOnlyList<Member> Members { get; } = members;

    public Task UpAsync(Member member) => up(member);

    /// <summary>Whoever leads by the newest term that anybody knows of; waits for one.</summary>
    public async Task<Member> LeaderAsync()
    {
        Member? leader = null;
        await Eventually.HoldsAsync("somebody leads", Patience, async () =>
        {
            var known = (await Task.WhenAll(Members.Select(StatusAsync))).OfType<ClusterStatus>().ToArray();
            leader = known.Where(status => status.Leader == status.AnsweredBy)
                .OrderByDescending(status => status.Term)
                .Select(status => Members.FirstOrDefault(m => m.Name == status.Leader))
                .FirstOrDefault();
            return leader is not null;
        });
        return leader!;
    }

    public async Task<bool> AnswersAsync(Member member) => await StatusAsync(member) is not null;

    /// <summary>Asks for it and lets it come or not: whether it may is the engine's business.</summary>
    public static async Task TransferAsync(Member to)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            await to.Client.TransferLeadershipAsync(to.Name, limit.Token);
        }
        catch (Exception e) when (e is ProblemException or EndpointUnreachableException or OperationCanceledException)
        {
            // A leader may be missing just now, or the member may be behind.
        }
    }

    /// <summary>
    /// Removes a member for good, wipes its disk, and lets its host join as a new member, until that votes. Each step is
    /// tried again until it is done: each may be.
    /// </summary>
    public async Task ReplaceAsync(Member member)
    {
        var other = Members.First(m => m != member);
        string? id = null;
        await Eventually.HoldsAsync($"{member.Name} is removed", Patience, async () =>
        {
            id ??= (await MembersAsync(other)).Single(m => m.Name == member.Name).Id;
            await other.Client.RemoveMemberAsync(id, force: true, default);
            return true;
        });
        await member.WipeAsync();
        var token = "";
        await Eventually.HoldsAsync($"{member.Name} is added", Patience, async () =>
        {
            token = (await other.Client.AddMemberAsync(
                new() { Name = member.Name, RaftAddress = $"{member.Ip}:7481" }, default)).Value.Token;
            return true;
        });
        await member.JoinAsync(token);
        await Eventually.HoldsAsync($"{member.Name} votes", Patience, async () =>
            (await MembersAsync(other)).Single(m => m.Name == member.Name).Membership == MembershipKind.Voter);
    }

    private static async Task<IReadOnlyList<ClusterMember>> MembersAsync(Member through) =>
        (await through.Client.GetMembersAsync(ReadOptions.Linearizable, default)).Value;

    /// <summary>Every member answers linearizable reads, sees one leader and all voters, and none is behind.</summary>
    public async Task<TimeSpan> WholeAsync()
    {
        foreach (var member in Members)
        {
            member.Reconnect();
        }

        return await Eventually.HoldsAsync("the cluster is whole", TimeSpan.FromSeconds(60), async () =>
        {
            foreach (var member in Members)
            {
                var status = (await member.Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value;
                if (!status.Quorum.Safe || status.Quorum.Healthy != Members.Count)
                {
                    throw new InvalidOperationException($"{member.Name} sees {status.Quorum}");
                }
            }

            return true;
        });
    }

    private static async Task<ClusterStatus?> StatusAsync(Member member)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(700));
        try
        {
            return (await member.Client.GetClusterAsync(ReadOptions.Stale, limit.Token)).Value;
        }
        catch (Exception e) when (
            e is ProblemException or EndpointUnreachableException or MalformedAnswerException
                or OperationCanceledException)
        {
            return null;
        }
    }
}
