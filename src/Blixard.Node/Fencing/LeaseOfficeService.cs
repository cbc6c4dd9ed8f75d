using Blixard.Raft.Host;

namespace Blixard.Node.Fencing;

/// <summary>Opens the office for renewals with the daemon, on every member: whoever leads answers.</summary>
internal sealed class LeaseOfficeService(RaftHost host, LeaseOffice office) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        host.LeaderOffice = office;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        host.LeaderOffice = null;
        return Task.CompletedTask;
    }
}
