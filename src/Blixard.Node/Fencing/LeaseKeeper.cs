using Blixard.Node.Agent;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.Node.Fencing;

/// <summary>Who renews.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="BootId">Of its host.</param>
/// <param name="Incarnation">Of this process.</param>
internal sealed record LeaseSettings(string Node, string BootId, string Incarnation);

/// <summary>
/// Keeps this host's lease: tries the fence once, takes part with RejoinNode, and renews in every interval for as long
/// as
/// the process lives (docs/failover.md, rules 1, 2 and 9). Whatever fails costs a renewal; what a missing one costs is
/// PID 1's.
/// </summary>
internal sealed partial class LeaseKeeper(
    LeaseSettings settings,
    IProposals proposals,
    IRenewalLine line,
    DeadMan deadMan,
    TestFence test,
    IStrictSlice slice,
    LeaseFile file,
    GrantStore grants,
    IWatchdogs watchdogs,
    IHostClocks clocks,
    LeaseViewStore views,
    TimeProvider time,
    ILogger<LeaseKeeper> logger)
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private FenceAbility? _ability;
    private ulong _knownFrom;
    private ulong _termsAt;
    private string _problem = "";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = proposals.NextState;
            var state = proposals.State;
            if (state.ClusterVersion < CommandVersions.ManagedVms
                || !state.Nodes.TryGetValue(settings.Node, out var self))
            {
                await next.WaitAsync(cancellationToken);
                continue;
            }

            var began = time.GetTimestamp();
            var wait = await StepAsync(state, self, cancellationToken);
            var left = wait - time.GetElapsedTime(began);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, time, cancellationToken);
            }
        }
    }

    /// <returns>How long after its beginning the next step follows.</returns>
    private async Task<TimeSpan> StepAsync(ClusterState state, ClusterNode self, CancellationToken cancellationToken)
    {
        if (_ability is null && !await TryFenceAsync(cancellationToken))
        {
            return TryAgain;
        }

        return !self.Lease.IsHeld || self.Lease.BootId != settings.BootId
            ? await RejoinAsync(self, cancellationToken)
            : await RenewAsync(state, self, cancellationToken);
    }

    private async Task<bool> TryFenceAsync(CancellationToken cancellationToken)
    {
        try
        {
            _ability = await test.RunAsync(cancellationToken);
            LogFenceWorks(_ability.KillBudget.TotalSeconds);
            Tell("");
            return true;
        }
        catch (FenceBrokenException e)
        {
            Tell($"the fence does not work: {e.Message}");
            return false;
        }
    }

    /// <summary>
    /// The next epoch. First no VM of an earlier one may start here any more, then none may be left: whoever is in the
    /// gate by then is in the slice.
    /// </summary>
    private async Task<TimeSpan> RejoinAsync(ClusterNode self, CancellationToken cancellationToken)
    {
        try
        {
            file.Remove();
            foreach (var vm in grants.Granted().Where(vm => grants.Find(vm) is not { Policy: GatePolicy.None }))
            {
                grants.Withdraw(vm);
            }

            if (!slice.IsEmpty)
            {
                Tell($"VMs of an earlier lease are left in {StrictSlice.Name}");
                return LookAgain;
            }

            var result = await proposals.ProposeAsync(
                new()
                {
                    RejoinNode = new()
                    {
                        Node = settings.Node,
                        Epoch = self.Lease.Epoch + 1,
                        BootId = settings.BootId,
                        KillBudgetMs = KillBudgetMs,
                        WatchdogMs = watchdogs.LongestMs,
                    },
                },
                cancellationToken);
            Tell(result is Rejected rejected ? $"the cluster refuses a new lease: {rejected.Detail}" : "");
            return result is Rejected ? LookAgain : TimeSpan.Zero;
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or NoLeaderException or OverloadedException
                or VersionGateException or OutcomeUnknownException)
        {
            Tell($"no new lease: {e.Message}");
            return LookAgain;
        }
    }

    private async Task<TimeSpan> RenewAsync(ClusterState state, ClusterNode self, CancellationToken cancellationToken)
    {
        var interval = TimeSpan.FromMilliseconds(state.Terms.Profile.RenewMs);
        var question = new RenewalQuestion
        {
            Node = settings.Node,
            Epoch = self.Lease.Epoch,
            BootId = settings.BootId,
            Incarnation = settings.Incarnation,

            // Before anything of it is sent: what passes from here on shortens the lease.
            SentAt = clocks.BootTime,
            KillBudgetMs = KillBudgetMs,
            WatchdogMs = watchdogs.LongestMs,
            TermsAt = _termsAt,
        };
        var answer = await line.AskAsync(question, interval, cancellationToken);
        switch (answer?.Verdict)
        {
            case null:
                Tell("the leader does not answer");
                break;
            case RenewalVerdict.Granted:
                await TakeAsync(question, answer, cancellationToken);
                break;
            case RenewalVerdict.Fenced or RenewalVerdict.Rebooted:
                // What this node decides by must be as new as what it was judged by.
                await UntilAsync(answer.Index, cancellationToken);
                return TimeSpan.Zero;
            case RenewalVerdict.Outgrown:
                await TellFiguresAsync(cancellationToken);
                break;
            default:
                Tell($"not renewed: {answer.Reason}");
                break;
        }

        return interval;
    }

    private async Task TakeAsync(RenewalQuestion question, RenewalAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            await deadMan.RenewAsync(
                new(question.Epoch, question.SentAt, question.SentAt + (answer.TermMs * 1000)), cancellationToken);
            _termsAt = answer.TermsAt;
            _knownFrom = _knownFrom == 0 ? answer.Index : _knownFrom;
            Tell("");
        }
        catch (LeaseNotArmedException e)
        {
            Tell($"the renewal is lost: {e.Message}");
        }
    }

    private async Task TellFiguresAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await proposals.ProposeAsync(
                new()
                {
                    UpdateNode = new()
                    {
                        Node = settings.Node,
                        KillBudgetMs = KillBudgetMs,
                        WatchdogMs = watchdogs.LongestMs,
                    },
                },
                cancellationToken);
            Tell(result is Rejected rejected ? $"K and W of this host are refused: {rejected.Detail}" : "");
        }
        catch (Exception e) when (
            e is NoLeaderException or OverloadedException or VersionGateException or OutcomeUnknownException)
        {
            Tell($"K and W of this host could not be told: {e.Message}");
        }
    }

    private async Task UntilAsync(ulong index, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = proposals.NextState;
            if (proposals.State.Index >= index)
            {
                return;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private uint KillBudgetMs => (uint)Math.Ceiling(_ability!.KillBudget.TotalMilliseconds);

    /// <summary>Each change once.</summary>
    private void Tell(string problem)
    {
        if (problem != _problem)
        {
            _problem = problem;
            if (problem.Length > 0)
            {
                LogProblem(problem);
            }
            else if (deadMan.Current is { } lease)
            {
                LogRenewing(lease.Epoch);
            }
        }

        views.Replace(new(deadMan.Current, _ability, problem, _knownFrom));
    }

    [LoggerMessage(LogLevel.Information, "The fence works: strict VMs are dead within {Seconds} s of a deadline")]
    private partial void LogFenceWorks(double seconds);

    [LoggerMessage(LogLevel.Warning, "No lease is renewed: {Reason}")]
    private partial void LogProblem(string reason);

    [LoggerMessage(LogLevel.Information, "The lease of epoch {Epoch} is renewed")]
    private partial void LogRenewing(ulong epoch);
}
