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
