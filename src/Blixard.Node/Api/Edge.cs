using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Api;

/// <summary>What all requests that name or change something go through.</summary>
internal static class Edge
{
    public const string IdempotencyKey = "Idempotency-Key";

    /// <exception cref="ApiException">Nothing can have that name.</exception>
    public static void Check(string what, string name)
    {
        if (!Rules.IsName(name))
        {
            throw new ApiException(Problems.InvalidName(what, name));
        }
    }

    /// <summary>Whoever sends a key relies on it: taking the request as if it had none could do it twice.</summary>
    /// <exception cref="ApiException">There is one.</exception>
    public static void RefuseKey(HttpRequest request)
    {
        if (request.Headers.ContainsKey(IdempotencyKey))
        {
            throw new ApiException(Problems.InvalidRequest(
                $"The {IdempotencyKey} header is not supported. PUT and DELETE here are idempotent: send them again."));
        }
    }

    /// <summary>Done, and visible in this node's replica.</summary>
    /// <exception cref="ApiException">The cluster refused it.</exception>
    public static async Task ChangeAsync(this Proposer proposer, Command command, CancellationToken cancellationToken)
    {
        if (await proposer.ProposeAsync(command, cancellationToken) is Rejected rejected)
        {
            throw new ApiException(Problems.Of(rejected));
        }
    }
}
