using System.Buffers.Binary;
using System.Security.Cryptography;
using Blixard.Client.Contracts;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary>
/// <c>/v1/cluster/members</c>: who is a member, and the changes of that. Every node takes them; each is done or refused
/// when it is answered, except where the answer says that this is not known.
/// </summary>
internal sealed class MemberEndpoints(
    Reads reads, Replica replica, IRaftEngine engine, MembershipRequests requests, NodeFacts node, ApiLimits limits)
{
    /// <summary>Of a removal.</summary>
    public static AcceptedQuery RemoveQuery { get; } = new(new QueryParameter(
        ApiRoutes.Force, "true: also where VMs go with the node, because no other defines them."));

    public async Task ListAsync(HttpContext context)
    {
        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(EntityKind.Node, null, after, wait, stop));
        await Reads.AnswerAsync(
            context,
            ClusterDocuments.Members(read.State, engine.Status, node),
            Documents.Json.IReadOnlyListClusterMember);
    }

    /// <summary>201 with a token; 200 with the same token for a node that was added and has not joined yet.</summary>
    public async Task AddAsync(HttpContext context)
    {
        var (request, bytes) = await RequestBody.AddMemberAsync(context.Request, limits, context.RequestAborted);
        var identity = RequestIdentity.Of(context.Request, bytes);
        if (!Rules.IsName(request.Name))
        {
            throw new ApiException(Problems.InvalidName("node", request.Name));
        }

        var raft = Address("raftAddress", request.RaftAddress);
        var api = request.ApiAddress is null
            ? (HostPort.Parse(raft) with { Port = ApiOptions.DefaultPort }).ToString()
            : Address("apiAddress", request.ApiAddress);
        var state = await reads.CurrentAsync(context.RequestAborted);
        if (state.Nodes.TryGetValue(request.Name, out var known) && known.BootId.Length == 0
            && known.RaftAddress == raft && known.ApiAddress == api)
        {
            if (state.Membership.Pending is { Kind: MembershipChangeKind.Add } pending && pending.Node == known.Name)
            {
                Check(await requests.SettledAsync(pending.Request, context.RequestAborted));
            }
        }
        else
        {
            await AskAsync(
                new ChangeMembership
                {
                    Kind = MembershipChangeKind.Add,
                    Node = request.Name,
                    MemberId = NewMember(),
                    RaftAddress = raft,
                    ApiAddress = api,
                },
                identity,
                context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = ApiRoutes.Member(request.Name);
        }

        state = reads.ReadOwnWrite(context).State;
        var added = state.Nodes.GetValueOrDefault(request.Name)
            ?? throw new ApiException(Problems.NodeNotFound(request.Name));
        await Reads.AnswerAsync(context, Added(state, added), Documents.Json.AddedMember);
    }

    public async Task RemoveAsync(HttpContext context, string member)
    {
        var identity = RequestIdentity.Of(context.Request, default);
        var state = await reads.CurrentAsync(context.RequestAborted);
        var force = Edge.Forced(context.Request.Query);
        if (!IsRemovedAlready(state, member))
        {
            var found = Find(state, member);
            string[] lost = [.. state.DefinedOn(found.Name).Where(vm => vm.Observations.Count == 1).Select(vm => vm.Name)];
            if (lost.Length > 0 && !force)
            {
                throw new ApiException(Problems.VmsWouldGo(found.Name, lost));
            }

            await AskAsync(
                new ChangeMembership { Kind = MembershipChangeKind.Remove, Node = found.Name },
                identity,
                context.RequestAborted);
        }

        reads.ReadOwnWrite(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task PromoteAsync(HttpContext context, string member)
    {
        var identity = RequestIdentity.Of(context.Request, default);
        var found = Find(await reads.CurrentAsync(context.RequestAborted), member);
        await AskAsync(
            new ChangeMembership { Kind = MembershipChangeKind.Promote, Node = found.Name },
            identity,
            context.RequestAborted);
        var state = reads.ReadOwnWrite(context).State;
        await Reads.AnswerAsync(
            context,
            ClusterDocuments.Members(state, engine.Status, node)
                .First(each => each.Id == new MemberId(found.MemberId).ToString()),
            Documents.Json.ClusterMember);
    }

    public async Task TransferAsync(HttpContext context)
    {
        var (request, bytes) = await RequestBody.TransferAsync(context.Request, limits, context.RequestAborted);
        var identity = RequestIdentity.Of(context.Request, bytes);
        var to = string.IsNullOrEmpty(request.To) ? "" : Find(await reads.CurrentAsync(context.RequestAborted), request.To).Name;
        await AskAsync(
            new ChangeMembership { Kind = MembershipChangeKind.Transfer, Node = to }, identity, context.RequestAborted);
        var (state, status) = (reads.ReadOwnWrite(context).State, engine.Status);
        await Reads.AnswerAsync(
            context,
            new Leadership { Leader = MemberNames.Of(state, node).OfLeader(status.Leader), Term = status.Term },
            Documents.Json.Leadership);
    }

    /// <summary>Withdraws the change that is not done yet; 409 where there is none, or it is done after all.</summary>
    public async Task CancelAsync(HttpContext context)
    {
        var identity = RequestIdentity.Of(context.Request, default);
        var pending = (await reads.CurrentAsync(context.RequestAborted)).Membership.Pending
            ?? throw new ApiException(Problems.ChangeRefused("no change of the members is pending"));
        try
        {
            var (settled, rejected) = await requests.CancelAsync(pending.Request, identity.Key, context.RequestAborted);
            if (rejected is not null)
            {
                throw new ApiException(Problems.Of(rejected));
            }

            if (settled!.Value.Refused.Length == 0)
            {
                throw new ApiException(Problems.ChangeRefused($"{pending} is done already"));
            }
        }
        catch (OutcomeUnknownException unknown)
        {
            throw new ApiException(Problems.OutcomeUnknown(unknown, identity.KeyFor(unknown)));
        }

        reads.ReadOwnWrite(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task AskAsync(
        ChangeMembership body, RequestIdentity identity, CancellationToken cancellationToken)
    {
        try
        {
            var (settled, rejected) = await requests.AskAsync(body, identity.Key, cancellationToken);
            if (rejected is not null)
            {
                throw new ApiException(Problems.Of(rejected));
            }

            Check(settled!.Value);
        }
        catch (OutcomeUnknownException unknown)
        {
            throw new ApiException(Problems.OutcomeUnknown(unknown, identity.KeyFor(unknown)));
        }
    }

    private static void Check(SettledChange settled)
    {
        if (settled.Refused.Length > 0)
        {
            throw new ApiException(Problems.ChangeRefused(settled.Refused));
        }
    }

    private static ClusterNode Find(ClusterState state, string member) =>
        !Rules.IsName(member)
            ? throw new ApiException(Problems.InvalidName("node", member))
            : state.Nodes.GetValueOrDefault(member)
                ?? state.Nodes.Values.FirstOrDefault(each => IsId(member, each.MemberId))
                ?? throw new ApiException(Problems.NodeNotFound(member));

    /// <summary>Told by its id alone: the name may be another's by now.</summary>
    private static bool IsRemovedAlready(ClusterState state, string member) =>
        state.Membership.Removed.Keys.Any(removed => IsId(member, removed));

    private static bool IsId(string text, ulong member) =>
        text.Equals(new MemberId(member).ToString(), StringComparison.OrdinalIgnoreCase);

    private AddedMember Added(ClusterState state, ClusterNode added)
    {
        var (configuration, member) = (engine.Status.Configuration, new MemberId(added.MemberId));
        var token = new JoinToken(
            node.ClusterId,
            member,
            added.Name,
            added.RaftAddress,
            added.ApiAddress,
            [
                .. state.Nodes.Values
                    .Where(each => each.RaftAddress.Length > 0 && configuration.Voters.Contains(new(each.MemberId)))
                    .Select(each => new IdentityMember(each.Name, new(each.MemberId), each.RaftAddress)),
            ]);
        return new AddedMember
        {
            Id = member.ToString(),
            Name = added.Name,
            Membership = ClusterDocuments.MembershipOf(member, configuration),
            Token = token.ToString(),
        };
    }

    private static string Address(string what, string value) => Rules.IsAddress(value)
        ? value
        : throw new ApiException(Problems.InvalidRequest($"{what} \"{Problems.Shown(value)}\" is not HOST:PORT."));

    /// <summary>All 64 bits at random: nobody has to agree on it, and none is ever given out twice.</summary>
    private static ulong NewMember()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return Math.Max(1, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }
}
