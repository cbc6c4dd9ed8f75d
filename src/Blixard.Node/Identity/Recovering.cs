using System.Globalization;
using Blixard.Node.Options;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;

namespace Blixard.Node.Identity;

/// <param name="DryRun">Say what would be done, and change nothing.</param>
/// <param name="AcceptDamage">Go on with what is intact of a damaged log.</param>
internal sealed record RecoverArguments(bool DryRun, bool AcceptDamage);

/// <summary>What is on stable storage when the step is told, in this order.</summary>
internal enum RecoveryStep
{
    /// <summary>The new log, whole, beside the old one. Nothing else has been touched.</summary>
    LogWritten,

    /// <summary>The new identity as <see cref="DataDirectory.RecoveryPath"/>: from here on it is only finished.</summary>
    Noted,

    OldLogAside,

    NewLogInPlace,

    OldIdentityKept,

    /// <summary>The identity is the new one.</summary>
    Done,
}

/// <summary>
/// <c>blixard-node recover</c>: this node becomes the only voter of a new cluster with everything in its log. A crash
/// anywhere leaves the node as it was, or a note with which the same command finishes what was begun.
/// </summary>
internal static class Recovering
{
    private const string Aside = "before-recovery";

    /// <summary>Before the directory is opened, which would make one.</summary>
    /// <exception cref="IdentityException">There is nothing of a node's.</exception>
    public static void RequireIdentity(string directory)
    {
        if (!File.Exists(Path.Combine(directory, "identity")))
        {
            throw new IdentityException(
                $"{Path.GetFullPath(directory)} holds no identity: there is nothing to recover. Name the data directory of a "
                + "member that survived with --data-dir.");
        }
    }

    /// <param name="newClusterId">A random id.</param>
    /// <param name="output">Lines for the operator.</param>
    /// <param name="reached">Told after each step, also one that an interrupted run had taken.</param>
    /// <exception cref="IdentityException">It is not done; the message says why. The directory is as it was.</exception>
    public static void Recover(
        NodeSettings settings,
        DataDirectory data,
        RecoverArguments arguments,
        Func<ulong> newClusterId,
        TextWriter output,
        Action<RecoveryStep>? reached = null)
    {
        RequireIdentity(data.Root);
        var identity = IdentityFile.Read(data.IdentityPath)!;
        if (identity.Name != settings.Node.Name)
        {
            throw new IdentityException(
                $"{data.IdentityPath} is of node {identity.Name}, but Node:Name is {settings.Node.Name}.");
        }

        try
        {
            if (IdentityFile.Read(data.RecoveryPath) is { } next)
            {
                Resume(data, next, arguments, output, reached);
                return;
            }

            var log = Survey(settings, data, identity, arguments);
            output.WriteLine(Plan(data, identity, log));
            if (arguments.DryRun)
            {
                output.WriteLine("Nothing was changed (--dry-run).");
                return;
            }

            next = Next(settings, identity, newClusterId());
            WriteLog(settings, data, next, log);
            reached?.Invoke(RecoveryStep.LogWritten);
            IdentityFile.Write(data.RecoveryPath, next);
            Finish(data, next, output, reached);
        }
        catch (Exception e) when (e is WalCorruptException or SnapshotCorruptException or StorageIdentityException
            or StorageVersionException or IOException or UnauthorizedAccessException)
        {
            throw new IdentityException($"Not recovered: {e.Message}", e);
        }
    }

    private static string NewLogPath(DataDirectory data) => data.WalPath + ".recovered";

    private static SurvivingLog Survey(
        NodeSettings settings, DataDirectory data, NodeIdentity identity, RecoverArguments arguments)
    {
        if (!identity.InUse || !Directory.Exists(data.WalPath) || !Directory.Exists(data.SnapshotPath) || !data.HasRaftFiles)
        {
            throw new IdentityException(
                $"{data.Root} is member {identity.Member} of cluster {Hex(identity.ClusterId)} and holds no log: there is "
                + "nothing to recover. Use the data directory of a member that survived.");
        }

        var log = LogRewrite.Read(
            PosixFileSystem.Instance, data.WalPath, data.SnapshotPath, OptionsOf(settings, identity));
        if (log.Loss is { } loss && !arguments.AcceptDamage)
        {
            throw new IdentityException(
                $"The log of this member is not whole: {loss.What}. {Lost(log, loss)}. Recover from another member if one "
                + "is left; to go on with what is intact, add --accept-damage.");
        }

        if (log.LastIndex == 0)
        {
            throw new IdentityException(
                $"The log of member {identity.Member} is empty: there is nothing to recover. Use the data directory of a "
                + "member that survived.");
        }

        // What is left of a damaged log may be from long before the others came.
        var configuration = log.Configuration;
        if (log.Loss is null && configuration.Voters.SetEquals([identity.Member]) && !configuration.IsJoint)
        {
            throw new IdentityException(
                "This node is the only voter already, so no majority is lost: there is nothing to recover. Start it.");
        }

        if (log.Loss is null && !configuration.Contains(identity.Member))
        {
            throw new IdentityException(
                $"By its own log this node ({identity.Member}) is no member of its cluster ({configuration}): recover from "
                + "one that is.");
        }

        return log;
    }

    private static string Plan(DataDirectory data, NodeIdentity identity, SurvivingLog log)
    {
        var snapshot = log.Snapshot.Index == 0
            ? "none"
            : string.Create(CultureInfo.InvariantCulture, $"index {log.Snapshot.Index}, term {log.Snapshot.Term}");
        var lines = new List<string>
        {
            $"node           {identity.Name}, member {identity.Member}, data in {data.Root}",
            $"cluster        {Hex(identity.ClusterId)} -> a new one, with a random id",
            string.Create(CultureInfo.InvariantCulture, $"term           {log.Term} -> {log.Term + 1}"),
            $"snapshot       {snapshot}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"log            through index {log.LastIndex}: {log.Entries.Count} entries after the snapshot. How many of "
                + $"them were committed is not known; all of them will be"),
            $"configuration  {log.Configuration} -> {Configuration.Of(identity.Member)}",
        };
        if (log.Loss is { } loss)
        {
            lines.Add($"damage         {loss.What}. {Lost(log, loss)}");
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static string Lost(SurvivingLog log, LogLoss loss) => loss.Through switch
    {
        null => string.Create(
            CultureInfo.InvariantCulture, $"Entries from {log.LastIndex + 1} on are lost; how many is not known"),
        { } through when through > log.LastIndex => string.Create(
            CultureInfo.InvariantCulture, $"Entries from {log.LastIndex + 1} on, through {through}, are lost"),
        _ => string.Create(CultureInfo.InvariantCulture, $"All entries through {log.LastIndex} are left"),
    };

    /// <summary>Who this node is then. It keeps the address at which the others reached it, where it has one.</summary>
    private static NodeIdentity Next(NodeSettings settings, NodeIdentity identity, ulong cluster)
    {
        var own = identity.Members.Single(member => member.Member == identity.Member);
        var listed = identity.Joined
            ? null
            : PeerList.Parse(settings.Cluster.Peers, new List<string>())
                .FirstOrDefault(peer => peer.Name == identity.Name)?.Address.ToString();
        return identity with
        {
            ClusterId = cluster,
            Members = [own with { Address = listed ?? own.Address }],
            New = false,

            // The list of those that made the old cluster says nothing about this one.
            Joined = identity.Joined || !identity.IsSingle,
        };
    }

    private static void WriteLog(NodeSettings settings, DataDirectory data, NodeIdentity next, SurvivingLog log)
    {
        var path = NewLogPath(data);
        if (Directory.Exists(path))
        {
            // Of an earlier try that did not come as far as its note.
            Directory.Delete(path, recursive: true);
        }

        DataDirectory.CreatePrivate(path);
        LogRewrite.Write(PosixFileSystem.Instance, path, log, OptionsOf(settings, next));
    }

    private static void Resume(
        DataDirectory data,
        NodeIdentity next,
        RecoverArguments arguments,
        TextWriter output,
        Action<RecoveryStep>? reached)
    {
        output.WriteLine($"A recovery was interrupted. Its log is complete; the new cluster is {Hex(next.ClusterId)}.");
        if (arguments.DryRun)
        {
            output.WriteLine("Without --dry-run it is finished. Nothing was changed.");
            return;
        }

        Finish(data, next, output, reached);
    }

    /// <summary>Each step is done once, whichever was the last before a crash.</summary>
    private static void Finish(DataDirectory data, NodeIdentity next, TextWriter output, Action<RecoveryStep>? reached)
    {
        reached?.Invoke(RecoveryStep.Noted);
        var path = NewLogPath(data);
        if (Directory.Exists(path))
        {
            if (Directory.Exists(data.WalPath))
            {
                Directory.Move(data.WalPath, Free(data.WalPath));
                DurableFile.SyncDirectory(data.RaftPath);
            }

            reached?.Invoke(RecoveryStep.OldLogAside);
            Directory.Move(path, data.WalPath);
            DurableFile.SyncDirectory(data.RaftPath);
        }

        reached?.Invoke(RecoveryStep.NewLogInPlace);
        var old = File.ReadAllBytes(data.IdentityPath);
        DurableFile.Replace(Free(data.IdentityPath, old), old);
        reached?.Invoke(RecoveryStep.OldIdentityKept);

        // Takes the note away and makes it true, at once.
        File.Move(data.RecoveryPath, data.IdentityPath, overwrite: true);
        DurableFile.SyncDirectory(data.Root);
        reached?.Invoke(RecoveryStep.Done);
        output.WriteLine(
            $"Done: node {next.Name} is the only voter of the new cluster {Hex(next.ClusterId)}. The old log and identity are "
            + $"kept beside the new ones as *.{Aside}.");
        output.WriteLine(
            "Start blixard-node, without --bootstrap. The members of the old cluster can't come back as they are: each is "
            + "listed as Lost, `blixard cluster remove NAME` takes it out, and `blixard cluster add NAME` brings its host "
            + "back with an empty data directory.");
    }

    /// <summary>A name for what is put aside: one that is not taken, or not by anything but the same bytes.</summary>
    private static string Free(string path, byte[]? content = null)
    {
        var free = $"{path}.{Aside}";
        for (var i = 2; Directory.Exists(free) || (File.Exists(free) && !Holds(free)); i++)
        {
            free = string.Create(CultureInfo.InvariantCulture, $"{path}.{Aside}.{i}");
        }

        return free;

        bool Holds(string taken) => content is not null && File.ReadAllBytes(taken).AsSpan().SequenceEqual(content);
    }

    private static WalOptions OptionsOf(NodeSettings settings, NodeIdentity identity) => new()
    {
        ClusterId = identity.ClusterId,
        Member = identity.Member,
        SegmentBytes = settings.Raft.SegmentBytes,
    };

    private static string Hex(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);
}
