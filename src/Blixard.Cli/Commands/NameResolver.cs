using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>
/// Finds what the user means: an exact name or id first, then an unambiguous prefix of either. An exact match wins over
/// any number of prefixes, so <c>web1</c> stays reachable beside <c>web10</c>.
/// </summary>
internal static class NameResolver
{
    /// <summary>Candidates named in the message about an ambiguous prefix.</summary>
    private const int Named = 10;

    public static async Task<Vm> VmAsync(Invocation invocation, string? what, CancellationToken cancellationToken)
    {
        var name = Required("vm", what);
        try
        {
            return invocation.Take(await invocation.Client.GetVmAsync(name, invocation.Reads, cancellationToken));
        }
        catch (ProblemException e) when (e.Is(ProblemTypes.VmNotFound))
        {
            var all = invocation.Take(await invocation.Client.GetVmsAsync(invocation.Reads, cancellationToken));
            return Choose("vm", "VMs", name, all, vm => vm.Name, vm => vm.Uuid);
        }
    }

    public static async Task<NodeInfo> NodeAsync(
        Invocation invocation, string? what, CancellationToken cancellationToken)
    {
        var name = Required("node", what);
        try
        {
            return invocation.Take(await invocation.Client.GetNodeAsync(name, invocation.Reads, cancellationToken));
        }
        catch (ProblemException e) when (e.Is(ProblemTypes.NodeNotFound))
        {
            var all = invocation.Take(await invocation.Client.GetNodesAsync(invocation.Reads, cancellationToken));
            return Choose("node", "nodes", name, all, node => node.Name, node => node.Id);
        }
    }

    /// <summary>Members have no page of their own: they are few, and all are looked through.</summary>
    public static async Task<ClusterMember> MemberAsync(
        Invocation invocation, string? what, CancellationToken cancellationToken)
    {
        var name = Required("node", what);
        var all = invocation.Take(await invocation.Client.GetMembersAsync(invocation.Reads, cancellationToken));
        return Choose("node", "nodes", name, all, member => member.Name, member => member.Id);
    }

    public static string Required(string kind, string? what) => string.IsNullOrEmpty(what)
        ? throw new CliException(ExitCode.Usage, $"{kind} id or name is required")
        : what;

    public static T Choose<T>(
        string kind, string plural, string what, IReadOnlyList<T> all, Func<T, string> name, Func<T, string> id)
    {
        List<T> matches = [.. all.Where(item => name(item) == what || id(item) == what)];
        if (matches.Count == 0)
        {
            matches =
            [
                .. all.Where(item =>
                    name(item).StartsWith(what, StringComparison.Ordinal)
                    || id(item).StartsWith(what, StringComparison.OrdinalIgnoreCase)),
            ];
        }

        return matches switch
        {
            [var only] => only,
            [] => throw new CliException(ExitCode.Failed, $"{kind} \"{what}\" not found"),
            _ => throw new CliException(
                ExitCode.Failed,
                $"multiple {plural} match \"{what}\"",
                hint: string.Join(", ", matches.Select(name).Order(StringComparer.Ordinal).Take(Named))
                    + (matches.Count > Named ? ", …" : "")),
        };
    }
}
