namespace Blixard.Node.Coordinator;

internal static class CoordinatorSetup
{
    public static IServiceCollection AddCoordinator(this IServiceCollection services) =>
        services.AddHostedService<CoordinatorLoop>();
}
