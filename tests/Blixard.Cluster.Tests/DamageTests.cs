using System.Globalization;
using System.Text;
using Blixard.Client;

namespace Blixard.Cluster.Tests;

/// <summary>
/// One bit of one voter's disk flips. The cluster must not answer differently, and the node must say which file it is
/// and where: it repairs itself from the others, or it refuses to start.
/// </summary>
[Collection(nameof(ThreeHosts))]
public sealed class DamageTests(ThreeHosts hosts, ITestOutputHelper output)
{
    /// <summary>More of these than fit into one segment of 4 MiB.</summary>
    private const int EntriesOfASegment = 1_500;

    public enum Place
    {
        /// <summary>An entry in a segment that is full.</summary>
        OldSegment,
        NewestSegment,

        /// <summary>The first bytes of a segment that is in use.</summary>
        HeadOfASegment,
        LastEntry,
        Snapshot,
        EndOfASnapshot,
    }

    [Theory]
    [InlineData(Place.OldSegment)]
    [InlineData(Place.NewestSegment)]
    [InlineData(Place.HeadOfASegment)]
    [InlineData(Place.LastEntry)]
    [InlineData(Place.Snapshot)]
    [InlineData(Place.EndOfASnapshot)]
    public async Task A_flipped_bit_never_changes_an_answer_and_the_node_says_where_it_is(Place place)
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var victim = (await hosts.FollowersAsync())[random.Next(2)];
        var other = hosts.All.First(m => m != victim);
        var (file, offset) = await LayAndStopAsync(victim, other, place, random);
        var picture = await PictureAsync(other, ReadOptions.Linearizable);
        var bit = random.Next(8);
        output.WriteLine($"seed {seed}: bit {bit} at {offset} of {Path.GetFileName(file)} on {victim.Name}");
        var said = (await victim.JournalAsync()).Length;
        Flip(file, offset, bit);
        await victim.StartDaemonAsync();

        var isBack = false;
        await Eventually.HoldsAsync("it says which file and where", TimeSpan.FromSeconds(30), async () =>
        {
            var news = (await victim.JournalAsync())[said..];
            return news.Split('\n').Any(line => line.Contains(Path.GetFileName(file), StringComparison.Ordinal)
                && line.Contains("offset", StringComparison.Ordinal));
        });
        Assert.Equal(picture, await PictureAsync(other, ReadOptions.Linearizable));
        await Eventually.HoldsAsync("it is back, or has given up", TimeSpan.FromSeconds(30), async () =>
        {
            isBack = await ServesAsync(victim);
            return isBack || await victim.IsRestartingAsync();
        });
        if (!isBack)
        {
            // Refused: with the bit put right it starts as if nothing had been.
            await victim.StopDaemonAsync();
            Flip(file, offset, bit);
            await victim.StartDaemonAsync();
        }

        output.WriteLine(isBack ? "repaired" : "refused");
        await hosts.WholeAsync();
        await HasAppliedAsync(victim, other);
        Assert.Equal(picture, await PictureAsync(victim, ReadOptions.Stale));
        Assert.Equal(picture, await PictureAsync(other, ReadOptions.Linearizable));
    }

    /// <summary>Stops the victim at a moment at which its disk has what is to be damaged, and says where that is.</summary>
    private async Task<(string File, long Offset)> LayAndStopAsync(
        Member victim, Member other, Place place, Random random)
    {
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var marker = await LayAsync(place, other, random);
            await HasAppliedAsync(victim, other);
            await victim.StopDaemonAsync();
            if (await FindAsync(victim, place, marker) is { } found)
            {
                return found;
            }

            // A snapshot came in between, and the segment is gone.
            await victim.StartDaemonAsync();
            await hosts.WholeAsync();
        }

        throw new InvalidOperationException($"{place} was compacted away on {victim.Name} again and again");
    }

    /// <summary>Writes so that what is to be damaged is there; returns a text that is in the log at that place.</summary>
    private static async Task<string> LayAsync(Place place, Member through, Random random)
    {
        var note = new Note("marker");
        var marker = $"marker-{random.NextInt64():x16}-{random.NextInt64():x16}";
        if (place is Place.Snapshot or Place.EndOfASnapshot)
        {
            await FillAsync(through, 2 * EntriesOfASegment);
        }

        if (place != Place.LastEntry)
        {
            await note.WriteAsync(through, marker);
            await FillAsync(through, place == Place.OldSegment ? EntriesOfASegment : 30);
        }
        else
        {
            await note.WriteAsync(through, marker);
        }

        return marker;
    }

    private static Task FillAsync(Member through, int entries)
    {
        var value = new string('x', 3_000);
        return Parallel.ForEachAsync(
            Enumerable.Range(0, entries),
            new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (i, _) => await new Note("filling").WriteAsync(through, value));
    }

    private static async Task<(string File, long Offset)?> FindAsync(Member victim, Place place, string marker)
    {
        var raft = Path.Combine(await Hosts.RunAsync("data", victim.Name), "blixard", "raft");
        if (place is Place.Snapshot or Place.EndOfASnapshot)
        {
            var newest = Directory.GetFiles(Path.Combine(raft, "snapshots"))
                .OrderByDescending(f => f, StringComparer.Ordinal)
                .First();
            var length = new FileInfo(newest).Length;
            return (newest, place == Place.Snapshot ? length / 2 : length - 9);
        }

        foreach (var segment in Directory.GetFiles(Path.Combine(raft, "wal"), "*.wal"))
        {
            var at = (await File.ReadAllBytesAsync(segment)).AsSpan().IndexOf(Encoding.ASCII.GetBytes(marker));
            if (at >= 0)
            {
                return (segment, place == Place.HeadOfASegment ? 12 : at + 10);
            }
        }

        return null;
    }

    private static void Flip(string file, long offset, int bit)
    {
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = offset;
        var value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ (1 << bit)));
    }

    private static Task HasAppliedAsync(Member member, Member other) =>
        Eventually.HoldsAsync($"{member.Name} has applied what {other.Name} has", TimeSpan.FromSeconds(20), async () =>
        {
            var goal = (await other.StatusAsync()).AppliedIndex;
            return (await member.StatusAsync()).AppliedIndex >= goal;
        });

    private static async Task<bool> ServesAsync(Member member)
    {
        try
        {
            return (await member.Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.Quorum.Healthy == 3;
        }
        catch (Exception e) when (e is ProblemException or EndpointUnreachableException)
        {
            return false;
        }
    }

    /// <summary>What is noted with the VMs, as a member answers it.</summary>
    private static async Task<string> PictureAsync(Member member, ReadOptions options)
    {
        var text = new StringBuilder();
        foreach (var vm in ThreeHosts.Vms.Values.SelectMany(vms => vms).Select(vm => vm[..vm.IndexOf('=')]))
        {
            foreach (var annotation in (await member.Client.GetAnnotationsAsync(vm, options, default)).Value)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{vm} {annotation}");
            }
        }

        Assert.Contains("marker", text.ToString(), StringComparison.Ordinal);
        return text.ToString();
    }
}
