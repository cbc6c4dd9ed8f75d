using System.Text;
using Blixard.Client;

namespace Blixard.Cluster.Tests;

/// <summary>An annotation of a VM that every test may write: the smallest thing that is replicated.</summary>
internal sealed class Note(string key)
{
    private const string Vm = "web1";

    public async Task WriteAsync(Member through, string value) =>
        await through.Client.SetAnnotationAsync(Vm, key, Encoding.UTF8.GetBytes(value), default);

    /// <summary>Linearizable, on a connection of its own.</summary>
    public async Task<string> ReadAsync(Member through)
    {
        using var client = Connect(through);
        return Encoding.UTF8.GetString(
            (await client.GetAnnotationAsync(Vm, key, ReadOptions.Linearizable, default)).Value);
    }

    public Task RemoveAsync(Member through) => through.Client.RemoveAnnotationAsync(Vm, key, default);

    private static BlixardClient Connect(Member member) => new(new()
    {
        Endpoint = Endpoint.Parse($"http://127.0.0.1:{member.Port}"),
        ConnectTimeout = TimeSpan.FromSeconds(1),
        Timeout = TimeSpan.FromSeconds(10),
    });
}
