using System.Globalization;
using Blixard.Node.Options;

namespace Blixard.Node.Identity;

/// <summary>
/// <c>blixard-node join TOKEN</c>: writes the identity that a token gives into an empty data directory. The node then
/// starts with an empty log, of no configuration, and waits for the leader to send it both.
/// </summary>
internal static class Joining
{
    /// <returns>A sentence for the operator.</returns>
    /// <exception cref="IdentityException">The token is not this node's, or the directory is not empty.</exception>
    public static string Join(NodeSettings settings, DataDirectory data, JoinToken token)
    {
        if (token.Name != settings.Node.Name)
        {
            throw new IdentityException(
                $"This token is for node {token.Name}, and this node is {settings.Node.Name} (Node:Name): use it on the "
                + $"host that it is for, or add {settings.Node.Name} to the cluster.");
        }

        var identity = new NodeIdentity(
            token.ClusterId,
            token.Member,
            token.Name,
            [.. token.Voters, new IdentityMember(token.Name, token.Member, token.RaftAddress)],
            InUse: false)
        {
            Joined = true,
            New = true,
            ApiAddress = token.ApiAddress,
        };
        var cluster = token.ClusterId.ToString("x16", CultureInfo.InvariantCulture);
        switch (IdentityFile.Read(data.IdentityPath))
        {
            case { InUse: false } same when same.ClusterId == token.ClusterId && same.Member == token.Member:
                return $"This is node {token.Name} (member {token.Member}) of cluster {cluster} already. Start blixard-node.";
            case { } other:
                throw new IdentityException(
                    $"{data.Root} is node {other.Name}, member {other.Member} of cluster "
                    + $"{other.ClusterId.ToString("x16", CultureInfo.InvariantCulture)}: a node joins with an empty data "
                    + "directory. If nothing in it is needed any longer, stop blixard-node and move it away.");
        }

        if (data.HasRaftFiles)
        {
            throw new IdentityException(
                $"{data.Root} holds a Raft log: a node joins with an empty data directory. If nothing in it is needed any "
                + "longer, stop blixard-node and move it away.");
        }

        IdentityFile.Write(data.IdentityPath, identity);
        return $"This is now node {token.Name} (member {token.Member}) of cluster {cluster}. Start blixard-node: it listens on "
            + $"{token.RaftAddress} and takes what it needs from the others.";
    }
}
