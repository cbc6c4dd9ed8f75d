using System.Collections.Immutable;
using Blixard.Client.Contracts;

namespace Blixard.Node.Agent;

/// <summary>What the agent did lately, for <c>GET /status</c>. Written by the agent's loop, read by anyone.</summary>
internal sealed class AgentJournal(TimeProvider time)
{
    private const int Kept = 20;

    private ImmutableList<LocalRefresh> _refreshes = [];
    private ImmutableList<LocalRefreshError> _errors = [];

    /// <summary>The last full lists, newest last.</summary>
    public IReadOnlyList<LocalRefresh> Refreshes => Volatile.Read(ref _refreshes);

    /// <summary>The last full lists that failed, newest last.</summary>
    public IReadOnlyList<LocalRefreshError> Errors => Volatile.Read(ref _errors);

    public void Listed(TimeSpan took, int vms, int differences) => Volatile.Write(
        ref _refreshes,
        Append(_refreshes, new()
        {
            Date = time.GetUtcNow(),
            Seconds = took.TotalSeconds,
            Units = vms,
            Differences = differences,
        }));

    public void ListFailed(string message) => Volatile.Write(
        ref _errors, Append(_errors, new() { Date = time.GetUtcNow(), Message = message }));

    private static ImmutableList<T> Append<T>(ImmutableList<T> list, T item) =>
        (list.Count < Kept ? list : list.RemoveAt(0)).Add(item);
}
