using Blixard.Node.Options;
using Blixard.StateMachine.Planning;

namespace Blixard.Node.Coordinator;

internal static class CoordinatorSetup
{
    public static IServiceCollection AddCoordinator(this IServiceCollection services, ClusterOptions options)
    {
        services.AddSingleton(new MembershipSettings(options.AutomaticRoles
            ? new VoterRoleRules(
                options.MaxVoters,
                TimeSpan.FromSeconds(options.PromoteAfterSeconds),
                TimeSpan.FromSeconds(options.ReplaceAfterSeconds))
            : null));
        services.AddSingleton(new CoordinatorSettings(TimeSpan.FromHours(options.ForgetAbsentAfterHours)));
        services.AddHostedService<CoordinatorLoop>();
        return services.AddHostedService<MembershipLoop>();
    }
}
