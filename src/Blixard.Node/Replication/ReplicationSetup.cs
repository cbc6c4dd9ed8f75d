using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Replication;

internal static class ReplicationSetup
{
    /// <summary>Needs a <see cref="RaftHost"/>, which needs the apply loop that is added here.</summary>
    public static IServiceCollection AddReplication(this IServiceCollection services, RegisterNode self)
    {
        services.AddSingleton<AppliedState>();
        services.AddSingleton(new ChangeFeed());
        services.AddSingleton<ReplicationEvents>();
        services.AddSingleton<ApplyLoop>();
        services.AddSingleton<HostedEngine>();
        services.AddSingleton<IRaftEngine>(provider => provider.GetRequiredService<HostedEngine>());
        services.AddSingleton<Replica>();
        services.AddSingleton<MembershipRequests>();
        services.AddSingleton<MembershipTrouble>();
        services.AddSingleton<ReplicationMetrics>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SessionKeeper>(provider, self.Node));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Proposer>(provider, self.Node));
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<NodeRegistration>(provider, self));
        return services;
    }
}
