using System.Security.Cryptography;
using Blixard.Node.Hosting;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using static Blixard.Node.Tests.Settings;

namespace Blixard.Node.Tests.Identity;

public sealed class RecoveringTests : IDisposable
{
    private const ulong NewCluster = 0xabc;
    private const int Entries = 5;

    private static readonly NodeSettings s_settings = Member("n1", false, ThreePeers);

    private readonly TemporaryDirectory _directory = new();
    private readonly DataDirectory _data;

    public RecoveringTests() => _data = new(_directory.Path);

    public void Dispose()
    {
        _data.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_member_of_three_goes_on_alone_under_another_id_with_everything_in_its_log()
    {
        var old = MakeMember();
        var said = Recover();

        Assert.Contains($"through index {Entries}", said, StringComparison.Ordinal);
        Assert.Contains("cluster remove", said, StringComparison.Ordinal);
        var identity = FirstStart.Resolve(s_settings, _data, () => 7);
        Assert.Equal((NewCluster, old.Member, "n1", true), (identity.ClusterId, identity.Member, identity.Name, identity.InUse));
        Assert.Equal([new IdentityMember("n1", old.Member, "10.0.0.1:7481")], identity.Members);
        Assert.Equal("10.0.0.1:7481", NodeAddresses.Of(s_settings, identity).AdvertisedRaft);
        AssertRecovered(old);
    }

    [Fact]
    public void The_old_id_is_refused_afterwards_and_so_is_the_making_of_a_cluster()
    {
        var old = MakeMember();
        Recover();

        Assert.Throws<StorageIdentityException>(() => WriteAheadLog.Open(
            PosixFileSystem.Instance, _data.WalPath, OptionsOf(old), out _));
        Assert.Contains(
            "was recovered",
            Refused(() => FirstStart.Resolve(Member("n1", true, ThreePeers), _data, () => 7)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)RecoveryStep.LogWritten)]
    [InlineData((int)RecoveryStep.Noted)]
    [InlineData((int)RecoveryStep.OldLogAside)]
    [InlineData((int)RecoveryStep.NewLogInPlace)]
    [InlineData((int)RecoveryStep.OldIdentityKept)]
    public void A_crash_after_any_step_leaves_the_old_node_or_one_that_is_only_finished(int step)
    {
        var old = MakeMember();
        Assert.Throws<TimeoutException>(() => Recover(reached: now => CrashAt(now, (RecoveryStep)step)));

        if (step == (int)RecoveryStep.LogWritten)
        {
            Assert.Equal(old.ClusterId, FirstStart.Resolve(s_settings, _data, () => 7).ClusterId);
        }
        else
        {
            Assert.Contains(
                "run `blixard-node recover` again",
                Refused(() => FirstStart.Resolve(s_settings, _data, () => 7)),
                StringComparison.Ordinal);
            var before = Content();
            Assert.Contains("Nothing was changed", Recover(new(DryRun: true, false)), StringComparison.Ordinal);
            Assert.Equal(before, Content());
        }

        // Twice at the same place, and then through.
        Assert.Throws<TimeoutException>(() => Recover(reached: now => CrashAt(now, (RecoveryStep)step)));
        Recover();
        AssertRecovered(old);
    }

    [Fact]
    public void A_crash_between_the_two_renames_of_the_log_is_finished()
    {
        var old = MakeMember();
        Assert.Throws<TimeoutException>(() => Recover(reached: now => CrashAt(now, RecoveryStep.OldLogAside)));
        Assert.False(Directory.Exists(_data.WalPath));

        Recover();
        AssertRecovered(old);
    }

    [Fact]
    public void What_would_be_done_is_said_without_changing_a_byte()
    {
        var old = MakeMember();
        var before = Content();
        var said = Recover(new(DryRun: true, AcceptDamage: false));

        Assert.Equal(before, Content());
        Assert.Contains($"{old.ClusterId:x16} -> a new one", said, StringComparison.Ordinal);
        Assert.Contains("3 -> 4", said, StringComparison.Ordinal);
        Assert.Contains("index 2, term 3", said, StringComparison.Ordinal);
        Assert.Contains($"through index {Entries}: {Entries - 2} entries after", said, StringComparison.Ordinal);
        Assert.Contains($"-> voters {old.Member}", said, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_recovery_keeps_what_the_first_put_aside()
    {
        var old = MakeMember();
        Recover();
        var next = IdentityFile.Read(_data.IdentityPath)!;
        using (var log = WriteAheadLog.Open(PosixFileSystem.Instance, _data.WalPath, OptionsOf(next), out var restored))
        {
            log.Append(new()
            {
                Entries = [new(restored.Entries[^1].Index + 1, 4, EntryKind.Configuration,
                    ConfigurationCodec.Encode(Configuration.Of(old.Member, new(77), new(78))))],
            });
            log.MarkDurable();
        }

        Recover(cluster: 0xdef);
        Assert.Equal(0xdeful, IdentityFile.Read(_data.IdentityPath)!.ClusterId);
        Assert.Equal(old.ClusterId, IdentityFile.Read(_directory["identity.before-recovery"])!.ClusterId);
        Assert.Equal(NewCluster, IdentityFile.Read(_directory["identity.before-recovery.2"])!.ClusterId);
        Assert.True(Directory.Exists(_data.WalPath + ".before-recovery.2"));
    }

    [Fact]
    public void A_directory_of_nobody_is_refused_and_not_made()
    {
        Assert.Contains("nothing to recover", Refused(() => Recover()), StringComparison.Ordinal);
        Assert.Contains(
            "nothing to recover", Refused(() => Recovering.RequireIdentity(_directory["other"])), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["other"]));
    }

    [Fact]
    public void An_identity_that_was_never_used_or_lost_its_log_is_refused()
    {
        var identity = FirstStart.Resolve(Member("n1", true, ThreePeers), _data, () => 7);
        Assert.Contains("holds no log", Refused(() => Recover()), StringComparison.Ordinal);
        FirstStart.MarkInUse(identity, _data);
        Assert.Contains("holds no log", Refused(() => Recover()), StringComparison.Ordinal);
        _data.CreateRaftDirectories();
        Assert.Contains("holds no log", Refused(() => Recover()), StringComparison.Ordinal);
        WriteAheadLog.Open(PosixFileSystem.Instance, _data.WalPath, OptionsOf(identity), out _).Dispose();
        Assert.Contains("is empty", Refused(() => Recover()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_only_voter_has_nothing_to_recover()
    {
        MakeMember(self => Configuration.Of(self));
        var before = Content();

        Assert.Contains("the only voter already", Refused(() => Recover()), StringComparison.Ordinal);
        Assert.Equal(before, Content());
    }

    [Fact]
    public void A_node_that_is_no_member_by_its_own_log_is_refused()
    {
        MakeMember(_ => Configuration.Of(new(77), new(78)));

        Assert.Contains("is no member", Refused(() => Recover()), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_name_is_refused()
    {
        MakeMember();

        Assert.Contains(
            "is of node n1",
            Refused(() => Recovering.Recover(
                Member("n2", false, ThreePeers), _data, new(false, false), () => NewCluster, TextWriter.Null)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_log_is_refused_until_the_damage_is_accepted()
    {
        var old = MakeMember();
        var segment = Directory.GetFiles(_data.WalPath, "*.wal").Order().Last();
        var bytes = File.ReadAllBytes(segment);
        var at = bytes.AsSpan().LastIndexOf("line 4"u8);
        bytes[at] ^= 1;
        File.WriteAllBytes(segment, bytes);
        var before = Content();

        var message = Refused(() => Recover());
        Assert.Contains($"{segment}, offset ", message, StringComparison.Ordinal);
        Assert.Contains("Entries from 4 on, through 5, are lost", message, StringComparison.Ordinal);
        Assert.Contains("--accept-damage", message, StringComparison.Ordinal);
        Assert.Equal(before, Content());

        Assert.Contains("through index 3", Recover(new(false, AcceptDamage: true)), StringComparison.Ordinal);
        AssertRecovered(old, entries: 3);
    }

    [Fact]
    public async Task The_exit_codes_tell_what_was_done()
    {
        MakeMember();
        Assert.Equal(CommandLine.Failed, await RunAsync(new(true, false)));
        _data.Dispose();
        Assert.Equal(0, await RunAsync(new(true, false)));
        Assert.Equal(0, await RunAsync(new(false, false)));

        // Now it is the only voter.
        Assert.Equal(CommandLine.Failed, await RunAsync(new(false, false)));
    }

    private Task<int> RunAsync(RecoverArguments arguments) => NodeProcess.RunAsync(
        new NodeArguments(null, [new("Node:Name", "n1", "test"), new("Storage:DataDirectory", _directory.Path, "test")])
        {
            Recover = arguments,
        });

    private string Recover(
        RecoverArguments? arguments = null, Action<RecoveryStep>? reached = null, ulong cluster = NewCluster)
    {
        using var output = new StringWriter();
        Recovering.Recover(s_settings, _data, arguments ?? new(false, false), () => cluster, output, reached);
        return output.ToString();
    }

    private static void CrashAt(RecoveryStep now, RecoveryStep step)
    {
        if (now == step)
        {
            throw new TimeoutException("crash");
        }
    }

    /// <summary>Of three: five entries in term 3, a snapshot of the first two.</summary>
    private NodeIdentity MakeMember(Func<MemberId, Configuration>? configuration = null)
    {
        var identity = FirstStart.Resolve(Member("n1", true, ThreePeers), _data, () => 7);
        var members = configuration?.Invoke(identity.Member)
            ?? Configuration.Of(identity.Members.Select(member => member.Member));
        _data.CreateRaftDirectories();
        using (var log = WriteAheadLog.Open(PosixFileSystem.Instance, _data.WalPath, OptionsOf(identity), out _))
        {
            log.Append(new() { HardState = new(3, identity.Member), Snapshot = new(0, 0, members) });
            for (ulong i = 1; i <= Entries; i++)
            {
                var line = System.Text.Encoding.UTF8.GetBytes($"line {i}");
                log.Append(new() { Entries = [new(i, 3, EntryKind.Command, line)] });
                log.Sync();
            }

            var snapshot = new SnapshotMeta(2, 3, members);
            Snapshots().Save(snapshot, stream => stream.Write("state"u8));
            log.Append(new() { Snapshot = snapshot });
            log.MarkDurable();
        }

        FirstStart.MarkInUse(identity, _data);
        return identity;
    }

    private void AssertRecovered(NodeIdentity old, int entries = Entries)
    {
        var identity = FirstStart.Resolve(s_settings, _data, () => 7);
        Assert.Equal(NewCluster, identity.ClusterId);
        Assert.False(File.Exists(_data.RecoveryPath));
        Assert.Equal(old.ClusterId, IdentityFile.Read(_directory["identity.before-recovery"])!.ClusterId);
        Assert.False(File.Exists(_directory["identity.before-recovery.2"]));
        Assert.Equal(
            ["snapshots", "wal", "wal.before-recovery"],
            Directory.GetDirectories(_data.RaftPath).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        using var log = WriteAheadLog.Open(PosixFileSystem.Instance, _data.WalPath, OptionsOf(identity), out var restored);
        Assert.Null(restored.Repair);
        Assert.Equal(new HardState(4, MemberId.None), restored.HardState);
        Assert.Equal(
            Enumerable.Range(3, entries - 2).Select(i => $"line {i}"),
            restored.Entries.SkipLast(1).Select(entry => System.Text.Encoding.UTF8.GetString(entry.Data.Span)));
        Assert.Equal((ulong)entries + 1, restored.Entries[^1].Index);
        Assert.Equal(Configuration.Of(old.Member), ConfigurationCodec.Decode(restored.Entries[^1].Data.Span));
        using var snapshot = Snapshots().OpenLatest(restored);
        Assert.Equal(restored.Snapshot, snapshot!.Meta);
    }

    private SnapshotStore Snapshots() => new(
        PosixFileSystem.Instance,
        _data.SnapshotPath,
        Microsoft.Extensions.Logging.Abstractions.NullLogger<SnapshotStore>.Instance);

    private static WalOptions OptionsOf(NodeIdentity identity) => new()
    {
        ClusterId = identity.ClusterId,
        Member = identity.Member,
        SegmentBytes = 1 << 16,
        FirstSegmentBytes = 1 << 16,
        PrepareAhead = false,
    };

    // The daemon's lock is this test's own, and empty.
    private string Content() => string.Join('\n', Directory
        .GetFiles(_directory.Path, "*", SearchOption.AllDirectories)
        .Where(file => file != _directory["lock"])
        .Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));

    private static string Refused(Action action) => Assert.Throws<IdentityException>(action).Message;
}
