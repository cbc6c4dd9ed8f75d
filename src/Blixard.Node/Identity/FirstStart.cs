using System.Collections.Immutable;
using System.Globalization;
using Blixard.Node.Options;

namespace Blixard.Node.Identity;

/// <summary>
/// Who this node is, at every start: what the data directory says, if the configuration agrees; and at the first start
/// what the configuration makes of it. Whatever could let a member come back without its memory is refused.
/// </summary>
internal static class FirstStart
{
    /// <param name="newClusterId">A random id, for a single node that starts for the first time.</param>
    /// <exception cref="IdentityException">This node must not start; the message says why and what to do.</exception>
    public static NodeIdentity Resolve(NodeSettings settings, DataDirectory data, Func<ulong> newClusterId)
    {
        if (File.Exists(data.RecoveryPath))
        {
            throw new IdentityException(
                $"A recovery was interrupted ({data.RecoveryPath}): run `blixard-node recover` again, which finishes it.");
        }

        var peers = PeerList.Parse(settings.Cluster.Peers, new List<string>());
        var identity = IdentityFile.Read(data.IdentityPath);
        if (identity is { Joined: true })
        {
            // The list is of those that made the cluster; who came later is told by a token.
            peers = [];
        }

        if (peers.Length > 0 && peers.All(peer => peer.Name != settings.Node.Name))
        {
            throw new IdentityException(
                $"Cluster:Peers ({Listed(peers)}) does not name this node, {settings.Node.Name}: add it, or set Node:Name "
                + "to the name that the list has for it.");
        }

        return identity is not null
            ? Known(settings, data, identity, peers)
            : New(settings, data, peers, newClusterId);
    }

    /// <summary>The engine is there and has this identity: from now on its absence is a loss.</summary>
    public static void MarkInUse(NodeIdentity identity, DataDirectory data)
    {
        if (!identity.InUse)
        {
            IdentityFile.Write(data.IdentityPath, identity with { InUse = true });
        }
    }

    /// <summary>It is about to be registered for the first time: an empty disk is a lost one from now on.</summary>
    public static void MarkKnown(NodeIdentity identity, DataDirectory data) =>
        IdentityFile.Write(data.IdentityPath, identity with { InUse = true, New = false });

    private static NodeIdentity New(
        NodeSettings settings, DataDirectory data, ImmutableArray<Peer> peers, Func<ulong> newClusterId)
    {
        if (data.HasRaftFiles)
        {
            throw new IdentityException(
                $"{data.Root} holds a Raft log, but {data.IdentityPath}, which says whose it is, is missing. Restore it from "
                + "a copy, or move the directory away and start with an empty one.");
        }

        if (peers.Length > 0 && !settings.Cluster.Bootstrap)
        {
            throw new IdentityException(
                $"{data.Root} is empty, and Cluster:Peers names a cluster ({Listed(peers)}). If this cluster is being made "
                + "now, start every member with --bootstrap and the same list. If this node was a member before and lost "
                + "its disk, it must not come back as itself: a voter that forgot its votes could break the cluster. "
                + Replace(settings));
        }

        if (peers.Length == 0 && settings.Cluster.Bootstrap)
        {
            throw new IdentityException(
                "--bootstrap makes a cluster of the members in Cluster:Peers, which is empty. A single node needs neither.");
        }

        var identity = peers.Length == 0
            ? ClusterHash.Single(newClusterId(), settings.Node.Name)
            : ClusterHash.Of(peers, settings.Node.Name) with { New = true };
        IdentityFile.Write(data.IdentityPath, identity);
        return identity;
    }

    private static NodeIdentity Known(
        NodeSettings settings, DataDirectory data, NodeIdentity identity, ImmutableArray<Peer> peers)
    {
        if (identity.Name != settings.Node.Name)
        {
            throw new IdentityException(
                $"{data.IdentityPath} is of node {identity.Name}, but Node:Name is {settings.Node.Name}. A node keeps its "
                + "name as long as its data directory.");
        }

        if (identity.InUse && !data.HasLog)
        {
            throw new IdentityException(
                $"{data.WalPath} holds no segment of a log (*.wal), but member {identity.Member} has been in use. A member "
                + "that lost its log must not come back as itself: a voter that forgot its votes could break the cluster. "
                + (data.HasRaftFiles ? "What else is left there does not make up for it. " : "")
                + Replace(settings));
        }

        if (identity.Joined)
        {
            return settings.Cluster.Bootstrap
                ? throw new IdentityException(
                    "--bootstrap makes a cluster, and this node has joined one, or was recovered: start it without.")
                : identity;
        }

        if (Difference(identity, peers, exact: settings.Cluster.Bootstrap) is { } difference)
        {
            throw new IdentityException(
                $"Cluster:Peers is not the list that {data.IdentityPath} was made of: {difference}. The members of a cluster "
                + "don't change by configuration.");
        }

        return identity;
    }

    /// <summary>
    /// What differs, or null. A member may have moved to another address since, except where the list is said to be the
    /// one of the first start.
    /// </summary>
    private static string? Difference(NodeIdentity identity, ImmutableArray<Peer> peers, bool exact)
    {
        if (identity.IsSingle)
        {
            return peers.Length == 0 ? null : $"it is of a single node, and the list is {Listed(peers)}";
        }

        if (peers.Length == 0)
        {
            return $"it is of the cluster {string.Join(", ", identity.Members)}, and the list is empty";
        }

        var differences = new List<string>();
        foreach (var member in identity.Members)
        {
            var peer = peers.FirstOrDefault(peer => peer.Name == member.Name);
            if (peer is null)
            {
                differences.Add($"{member} is missing");
            }
            else if (exact && peer.ToString() != member.ToString())
            {
                differences.Add($"{member} has become {peer}");
            }
        }

        differences.AddRange(peers
            .Where(peer => identity.Members.All(member => member.Name != peer.Name))
            .Select(peer => string.Create(CultureInfo.InvariantCulture, $"{peer} is new")));
        return differences.Count == 0 ? null : string.Join(", ", differences);
    }

    /// <summary>The way back for a node that lost what it was.</summary>
    public static string ComeBack(string node) =>
        $"It comes back as a new member: on another node run `blixard cluster remove {node}` and `blixard cluster add {node} "
        + "--raft-address HOST:PORT`, then here, with an empty data directory, the `blixard-node join` that this prints.";

    private static string Replace(NodeSettings settings) => ComeBack(settings.Node.Name);

    private static string Listed(ImmutableArray<Peer> peers) => string.Join(", ", peers);
}
