using Blixard.Client.Contracts;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vm = Blixard.Client.Contracts.Vm;

namespace Blixard.Node.Api;

/// <summary>All of the HTTP API: which path goes where, and what it may be asked.</summary>
internal static class ApiEndpoints
{
    private static readonly AcceptedQuery Nothing = new();

    /// <summary>
    /// What the API needs beside replication (Replica, Proposer, ChangeFeed, IRaftEngine, ReplicationEvents), the node's
    /// facts and the agent's status.
    /// </summary>
    public static IServiceCollection AddBlixardApi(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new ApiLimits());
        services.AddSingleton<LeaderContact>();
        services.AddSingleton<EventStreams>();
        services.AddSingleton<Reads>();
        services.AddSingleton<NodeRelay>();
        services.AddSingleton<LocalStatusReport>();
        services.AddSingleton<ClusterEndpoint>();
        services.AddSingleton<MemberEndpoints>();
        services.AddSingleton<NodeEndpoints>();
        services.AddSingleton<VmEndpoints>();
        services.AddSingleton<AnnotationEndpoints>();
        services.AddSingleton<LogEndpoints>();
        services.AddSingleton<HistoryEndpoint>();
        services.AddSingleton<HealthPolicyEndpoints>();
        services.AddSingleton<EventEndpoints>();
        services.AddSingleton<LocalEndpoints>();
        services.AddSingleton<HealthEndpoints>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        services.AddOpenApi(OpenApi.Document, OpenApi.Configure);
        return services;
    }

    /// <summary>Errors become problems from here on: goes first, right after routing.</summary>
    public static IApplicationBuilder UseBlixardApi(this IApplicationBuilder app) => app.UseMiddleware<ApiMiddleware>();

    public static void MapBlixardApi(this IEndpointRouteBuilder routes)
    {
        // They watch from the start on: the uptime and the time of the last contact count from it.
        routes.ServiceProvider.GetRequiredService<LocalStatusReport>();
        routes.ServiceProvider.GetRequiredService<LeaderContact>();
        MapCluster(routes);
        MapVms(routes);
        MapAnnotations(routes);
        MapNodeLocal(routes);
        MapHealthPolicies(routes);
        MapLocal(routes);
        routes.MapGet(ApiRoutes.Live, (Delegate)HealthEndpoints.LiveAsync)
            .Describe("Does the process answer?", Nothing);
        routes.MapGet(ApiRoutes.Ready, (HttpContext context, HealthEndpoints health) => health.ReadyAsync(context))
            .Describe("Are linearizable requests served?", Nothing);
        routes.MapOpenApi("/openapi/{documentName}.json").WithMetadata(Nothing);
    }

    private static void MapCluster(IEndpointRouteBuilder routes)
    {
        routes.MapGet(ApiRoutes.Cluster, (HttpContext context, ClusterEndpoint cluster) => cluster.GetAsync(context))
            .Describe<ClusterStatus>("The cluster at a glance", ReadQuery.Accepted);
        MapMembers(routes);
        routes.MapGet(ApiRoutes.Nodes, (HttpContext context, NodeEndpoints nodes) => nodes.ListAsync(context))
            .Describe<IReadOnlyList<NodeInfo>>("All nodes, by name", ReadQuery.Accepted);
        routes.MapGet(
                ApiRoutes.Nodes + "/{node}",
                (HttpContext context, NodeEndpoints nodes, string node) => nodes.GetAsync(context, node))
            .Describe<NodeInfo>("One node", ReadQuery.Accepted, 400, 404);
        routes.MapGet(ApiRoutes.Events, (HttpContext context, EventEndpoints events) => events.FollowAllAsync(context))
            .Describe<EventRecord>("Changes as they are applied, a JSON record per line", EventEndpoints.Accepted);
    }

    private static void MapMembers(IEndpointRouteBuilder routes)
    {
        const string One = ApiRoutes.Members + "/{member}";
        routes.MapGet(ApiRoutes.Members, (HttpContext context, MemberEndpoints members) => members.ListAsync(context))
            .Describe<IReadOnlyList<ClusterMember>>("Who is a member, and as what", ReadQuery.Accepted);
        routes.MapPost(ApiRoutes.Members, (HttpContext context, MemberEndpoints members) => members.AddAsync(context))
            .Describe<AddedMember>("Add a node: makes its join token", Nothing, 400, 409, 413, 422, 504)
            .Accepts<AddMemberRequest>("application/json", "*/*")
            .Produces<AddedMember>(StatusCodes.Status201Created);
        routes.MapDelete(
                One,
                (HttpContext context, MemberEndpoints members, string member) => members.RemoveAsync(context, member))
            .Describe("Remove a node, by name or id, for good", MemberEndpoints.RemoveQuery, 400, 404, 409, 422, 504)
            .Produces(StatusCodes.Status204NoContent);
        routes.MapPost(
                One + "/promote",
                (HttpContext context, MemberEndpoints members, string member) => members.PromoteAsync(context, member))
            .Describe<ClusterMember>("Make a learner a voter", Nothing, 400, 404, 409, 422, 504);
        routes.MapPost(ApiRoutes.Cancel, (HttpContext context, MemberEndpoints members) => members.CancelAsync(context))
            .Describe("Withdraw the change of the members that is not done yet", Nothing, 400, 409, 422, 504)
            .Produces(StatusCodes.Status204NoContent);
        routes.MapPost(
                ApiRoutes.Transfer, (HttpContext context, MemberEndpoints members) => members.TransferAsync(context))
            .Describe<Leadership>("Let another voter lead", Nothing, 400, 404, 409, 422, 504)
            .Accepts<TransferRequest>(isOptional: true, "application/json", "*/*");
    }

    private static void MapVms(IEndpointRouteBuilder routes)
    {
        const string One = ApiRoutes.Vms + "/{vm}";
        routes.MapGet(ApiRoutes.Vms, (HttpContext context, VmEndpoints vms) => vms.ListAsync(context))
            .Describe<IReadOnlyList<Vm>>("All VMs, by name", ReadQuery.Accepted);
        routes.MapGet(One, (HttpContext context, VmEndpoints vms, string vm) => vms.GetAsync(context, vm))
            .Describe<Vm>("One VM", ReadQuery.Accepted, 400, 404);
        routes.MapPut(One, (HttpContext context, VmEndpoints vms, string vm) => vms.RegisterAsync(context, vm))
            .Describe<Vm>("Tell the cluster that a VM is defined on a node", Nothing, 400, 404, 409, 413, 422, 504)

            // It is JSON whatever it says it is: curl says a form by itself.
            .Accepts<RegisterVmRequest>(isOptional: true, "application/json", "*/*")
            .Produces<Vm>(StatusCodes.Status201Created);
        routes.MapDelete(One, (HttpContext context, VmEndpoints vms, string vm) => vms.RemoveAsync(context, vm))
            .Describe("Forget a VM on all nodes; stops nothing", VmEndpoints.RemoveQuery, 400, 409, 422, 504)
            .Produces(StatusCodes.Status204NoContent);
    }

    private static void MapAnnotations(IEndpointRouteBuilder routes)
    {
        const string All = ApiRoutes.Vms + "/{vm}/annotations";
        const string One = All + "/{key}";
        routes.MapGet(
                All,
                (HttpContext context, AnnotationEndpoints annotations, string vm) => annotations.ListAsync(context, vm))
            .Describe<IReadOnlyList<VmAnnotation>>("The annotations of a VM, by key", ReadQuery.Accepted, 400, 404);
        routes.MapGet(
                One,
                (HttpContext context, AnnotationEndpoints annotations, string vm, string key) =>
                    annotations.GetAsync(context, vm, key))
            .Describe("The bytes of one annotation", ReadQuery.Accepted, 400, 404)
            .Produces(StatusCodes.Status200OK, contentType: ApiRoutes.BytesMediaType);
        routes.MapPut(
                One,
                (HttpContext context, AnnotationEndpoints annotations, string vm, string key) =>
                    annotations.PutAsync(context, vm, key))
            .Describe("Annotate a VM with bytes of any kind", Nothing, 400, 404, 409, 413, 422, 504)
            .Accepts<byte[]>(ApiRoutes.BytesMediaType, "*/*")
            .Produces(StatusCodes.Status204NoContent);
        routes.MapDelete(
                One,
                (HttpContext context, AnnotationEndpoints annotations, string vm, string key) =>
                    annotations.RemoveAsync(context, vm, key))
            .Describe("Remove an annotation; done as well when there is none", Nothing, 400, 404, 422, 504)
            .Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>What only the node that runs a VM has, and any node answers.</summary>
    private static void MapNodeLocal(IEndpointRouteBuilder routes)
    {
        const string One = ApiRoutes.Vms + "/{vm}";
        routes.MapGet(One + "/logs", (HttpContext context, LogEndpoints logs, string vm) => logs.GetAsync(context, vm))
            .Describe<LogRecord>(
                "What a VM's unit wrote to the journal, a JSON record per line", LogQuery.Accepted, 400, 404, 502);
        routes.MapGet(
                One + "/history",
                (HttpContext context, HistoryEndpoint history, string vm) => history.GetAsync(context, vm))
            .Describe<VmHistory>("One figure of a VM over time", HistoryEndpoint.Accepted, 400, 404);
    }

    private static void MapHealthPolicies(IEndpointRouteBuilder routes)
    {
        const string One = ApiRoutes.Vms + "/{vm}/health-policy";
        routes.MapGet(
                One,
                (HttpContext context, HealthPolicyEndpoints policies, string vm) => policies.GetAsync(context, vm))
            .Describe<HealthPolicy>("How the health of a VM is judged", ReadQuery.Accepted, 400, 404);
        routes.MapPut(
                One,
                (HttpContext context, HealthPolicyEndpoints policies, string vm) => policies.PutAsync(context, vm))
            .Describe<HealthPolicy>("Set the whole health policy of a VM", Nothing, 400, 404, 413, 422, 504)
            .Accepts<HealthPolicy>("application/json", "*/*");
        routes.MapDelete(
                One,
                (HttpContext context, HealthPolicyEndpoints policies, string vm) => policies.RemoveAsync(context, vm))
            .Describe("Judge the health of a VM as usual", Nothing, 400, 404, 422, 504)
            .Produces(StatusCodes.Status204NoContent);
    }

    private static void MapLocal(IEndpointRouteBuilder routes)
    {
        routes.MapGet(ApiRoutes.LocalPing, (Delegate)LocalEndpoints.PingAsync)
            .Describe<Ping>("Is the daemon there?", Nothing);
        routes.MapGet(ApiRoutes.LocalStatus, (HttpContext context, LocalEndpoints local) => local.StatusAsync(context))
            .Describe<LocalStatus>("The daemon itself", LocalEndpoints.StatusQuery);
        routes.MapGet(ApiRoutes.LocalVms, (HttpContext context, LocalEndpoints local) => local.ListVmsAsync(context))
            .Describe<IReadOnlyList<Vm>>("All VMs, as this node knows them", Nothing);
        routes.MapGet(
                ApiRoutes.LocalVms + "/{id}",
                (HttpContext context, LocalEndpoints local, string id) => local.GetVmAsync(context, id))
            .Describe<Vm>("One VM by uuid or name, as this node knows it", Nothing, 404);
        routes.MapGet(ApiRoutes.LocalEvents, (HttpContext context, EventEndpoints events) => events.FollowVmsAsync(context))
            .Describe<EventRecord>("Changes of VMs, a JSON record per line", EventEndpoints.Accepted);
    }

    private static RouteHandlerBuilder Describe<T>(
        this RouteHandlerBuilder route, string summary, AcceptedQuery query, params int[] problems) =>
        route.Describe(summary, query, problems).Produces<T>();

    private static RouteHandlerBuilder Describe(
        this RouteHandlerBuilder route, string summary, AcceptedQuery query, params int[] problems)
    {
        route.WithSummary(summary).WithMetadata(query);
        foreach (var status in problems.Append(StatusCodes.Status503ServiceUnavailable))
        {
            route.Produces<Problem>(status, ApiRoutes.ProblemMediaType);
        }

        return route;
    }
}
