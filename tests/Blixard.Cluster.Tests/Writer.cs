using System.Collections.Concurrent;
using Blixard.Client;

namespace Blixard.Cluster.Tests;

/// <summary>
/// Registers one VM after the other through the members in turn and remembers which were acknowledged: those must
/// never be lost, whatever is killed.
/// </summary>
internal sealed class Writer(ThreeHosts hosts, string prefix, TimeSpan pause)
{
    private readonly ConcurrentBag<string> _acknowledged = [];
    private volatile bool _stopping;
    private Task _running = Task.CompletedTask;

    public int Acknowledged => _acknowledged.Count;

    public void Start(int clients) => _running = Task.WhenAll(Enumerable.Range(0, clients).Select(RunAsync));

    public Task StopAsync()
    {
        _stopping = true;
        return _running;
    }

    /// <summary>Every acknowledged write is there, on every member.</summary>
    public async Task NothingIsLostAsync()
    {
        Assert.NotEmpty(_acknowledged);
        foreach (var member in hosts.All)
        {
            var there = (await member.Client.GetVmsAsync(ReadOptions.Linearizable, default)).Value
                .Select(vm => vm.Name)
                .ToHashSet(StringComparer.Ordinal);
            Assert.DoesNotContain(_acknowledged, name => !there.Contains(name));
        }

        await Parallel.ForEachAsync(
            _acknowledged,
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (name, token) => await hosts.All[0].Client.RemoveVmAsync(name, token));
    }

    private async Task RunAsync(int client)
    {
        for (var i = 0; !_stopping; i++)
        {
            var name = $"{prefix}-{client}-{i}";
            var member = hosts.All[(client + i) % hosts.All.Count];
            try
            {
                await member.Client.RegisterVmAsync(name, new() { Node = "n1" }, CancellationToken.None);
                _acknowledged.Add(name);
            }
            catch (Exception e) when (e is ProblemException or EndpointUnreachableException)
            {
                // Not acknowledged: it may be there or not.
            }

            await Task.Delay(pause);
        }
    }
}
