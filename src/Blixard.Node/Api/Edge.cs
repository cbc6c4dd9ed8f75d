using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Api;

/// <summary>What all requests that name or change something go through.</summary>
internal static class Edge
{
    /// <exception cref="ApiException">Nothing can have that name.</exception>
    public static void Check(string what, string name)
    {
        if (!Rules.IsName(name))
        {
            throw new ApiException(Problems.InvalidName(what, name));
        }
    }

    /// <summary>Whoever asks for a removal insists on it, whatever is lost.</summary>
    /// <exception cref="ApiException">It is neither true nor false.</exception>
    public static bool Forced(IQueryCollection query) => query[ApiRoutes.Force].ToString() switch
    {
        "" when !query.ContainsKey(ApiRoutes.Force) => false,
        "true" => true,
        "false" => false,
        var other => throw new ApiException(Problems.InvalidRequest(
            $"{ApiRoutes.Force}={Problems.Shown(other)}: it is true or false.")),
    };

    /// <summary>Done, and visible in this node's replica.</summary>
    /// <exception cref="ApiException">The cluster refused it, or its outcome is not known.</exception>
    public static async Task ChangeAsync(
        this Proposer proposer, Command command, RequestIdentity identity, CancellationToken cancellationToken)
    {
        identity.Key?.Stamp(command);
        try
        {
            if (await proposer.ProposeAsync(command, cancellationToken) is Rejected rejected)
            {
                throw new ApiException(Problems.Of(rejected));
            }
        }
        catch (OutcomeUnknownException unknown)
        {
            throw new ApiException(Problems.OutcomeUnknown(unknown, identity.KeyFor(unknown)));
        }
    }
}
