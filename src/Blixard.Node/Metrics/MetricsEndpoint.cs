using Blixard.Client.Contracts;

namespace Blixard.Node.Metrics;

/// <summary><c>GET /metrics</c>, for Prometheus.</summary>
internal static class MetricsEndpoint
{
    /// <summary>Needs what AddBlixardApi needs, and the agent's cache (ILocalVms).</summary>
    public static IServiceCollection AddBlixardMetrics(this IServiceCollection services)
    {
        services.AddSingleton<ICollector, NodeCollector>();
        services.AddSingleton<ICollector, RaftCollector>();
        services.AddSingleton<ICollector, VmCollector>();
        services.AddSingleton<ICollector, AgentCollector>();
        services.AddSingleton<ICollector>(_ => new MeterCollector());
        services.AddSingleton<ICollector, ProcessCollector>();
        services.AddSingleton(provider => new MetricsPage(provider.GetServices<ICollector>()));
        return services;
    }

    public static void MapBlixardMetrics(this IEndpointRouteBuilder routes)
    {
        // The meters are heard from here on.
        var page = routes.ServiceProvider.GetRequiredService<MetricsPage>();
        routes.MapGet(ApiRoutes.Metrics, async (HttpContext context) =>
        {
            context.Response.ContentType = PrometheusText.MediaType;
            await context.Response.WriteAsync(page.Render(), context.RequestAborted);
        }).ExcludeFromDescription();
    }
}
