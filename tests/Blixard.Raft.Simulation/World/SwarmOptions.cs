namespace Blixard.Raft.Simulation.World;

/// <summary>
/// What kind of world one seed lives in. Every seed draws its own: a run that has all faults at once at middling rates
/// finds less than many runs that each have some of them in the extreme (Groce et al., "Swarm testing", ISSTA 2012).
/// Times are microseconds of virtual time, chances per thousand.
/// </summary>
internal sealed record SwarmOptions
{
    // None yet: with 300, seed 174 has observers whose newest configuration names nobody but each other, and who never
    // hear of the members that took their place.
    private const int ObserveChance = 0;

    /// <summary>A member whose clock runs right ticks this often.</summary>
    public const int TickPeriod = 10_000;

    public required int Voters { get; init; }

    public required int Learners { get; init; }

    public required int ElectionTicks { get; init; }

    public required int HeartbeatTicks { get; init; }

    public required int MaxAppendEntries { get; init; }

    public required int MaxAppendBytes { get; init; }

    public required int MaxInflightRequests { get; init; }

    public required int MaxInflightBytes { get; init; }

    public required int MaxUncommittedBytes { get; init; }

    /// <summary>Members' clocks run at 0.5 to 2 times the right rate.</summary>
    public required bool SkewedClocks { get; init; }

    /// <summary>The host gathers inputs for up to this long before it takes a Ready; 0: after every input.</summary>
    public required int HostLag { get; init; }

    public required int LatencyLow { get; init; }

    public required int LatencyHigh { get; init; }

    public required int DropChance { get; init; }

    public required int DuplicateChance { get; init; }

    /// <summary>Each link delivers in order, but for duplicates.</summary>
    public required bool OrderedLinks { get; init; }

    /// <summary>A message that arrives up to <see cref="StragglerDelay"/> late.</summary>
    public required int StragglerChance { get; init; }

    public required int StragglerDelay { get; init; }

    public required int SyncLow { get; init; }

    public required int SyncHigh { get; init; }

    /// <summary>One sync covers all batches written before it began; otherwise each batch has its own.</summary>
    public required bool GroupCommit { get; init; }

    /// <summary>Mean time between changes of the links; 0: never.</summary>
    public required int PartitionEvery { get; init; }

    /// <summary>That a change of the links is a return to normal.</summary>
    public required int HealChance { get; init; }

    public required int CrashEvery { get; init; }

    /// <summary>That a crash loses the page cache.</summary>
    public required int PowerLossChance { get; init; }

    /// <summary>That a crash takes every member down at once.</summary>
    public required int BlackoutChance { get; init; }

    public required int DownHigh { get; init; }

    /// <summary>Bytes of a segment of the log: so few that it goes through many.</summary>
    public required int SegmentBytes { get; init; }

    /// <summary>Segments kept for reuse.</summary>
    public required int MaxSpares { get; init; }

    /// <summary>That an idle log marks its last batch as acknowledged.</summary>
    public required int MarkChance { get; init; }

    /// <summary>Mean time between errors of some disk; 0: never.</summary>
    public required int DiskErrorEvery { get; init; }

    public required int DiskFullEvery { get; init; }

    /// <summary>That a member of those that may be hit finds its disk damaged when it comes back.</summary>
    public required int DamageChance { get; init; }

    public required int PauseEvery { get; init; }

    public required int StallEvery { get; init; }

    public required int TransferEvery { get; init; }

    /// <summary>
    /// That a leader is cut off or killed right after its election: half-finished terms pile up, which is where logs
    /// come to differ (figure 8).
    /// </summary>
    public required int CoupChance { get; init; }

    /// <summary>Entries applied between snapshots; 0: none are taken.</summary>
    public required int SnapshotEvery { get; init; }

    /// <summary>Entries kept behind a snapshot for slow followers.</summary>
    public required int Trailing { get; init; }

    public required int SnapshotTransferHigh { get; init; }

    public required int Clients { get; init; }

    /// <summary>Mean time between two actions of one client.</summary>
    public required int ClientEvery { get; init; }

    /// <summary>Writes a client may have under way at once; they can be applied in any order.</summary>
    public required int Window { get; init; }

    public required int ReadChance { get; init; }

    /// <summary>That a client goes to the leader rather than to any member.</summary>
    public required int LeaderChance { get; init; }

    public required int PaddingHigh { get; init; }

    /// <summary>Registers that clients write and read.</summary>
    public required int Keys { get; init; }

    /// <summary>That a client whose write is overdue forgets it instead of trying again.</summary>
    public required int GiveUpChance { get; init; }

    /// <summary>Machines that are no members at first.</summary>
    public required int Spares { get; init; }

    /// <summary>Mean time between changes of the configuration; 0: never.</summary>
    public required int MembershipEvery { get; init; }

    /// <summary>Machines that are in no configuration at first, and tail what is committed.</summary>
    public required int Observers { get; init; }

    /// <summary>They know the first configuration; else they need a snapshot to know who counts.</summary>
    public required bool ObserversKnowFirst { get; init; }

    /// <summary>Who is in no configuration that it knows, removed members among them, tails what is committed.</summary>
    public required bool NonMembersObserve { get; init; }

    /// <summary>
    /// That members notice the end of a connection: of all those of a process that dies, and, also where it does not, of
    /// one whose link is cut.
    /// </summary>
    public required int DisconnectChance { get; init; }

    /// <summary>
    /// That a write is of a kind that about half of the members are too old for: a version gate that failed.
    /// </summary>
    public required int NewKindChance { get; init; }

    public int Members => Voters + Learners + Spares + Observers;

    /// <param name="random">The run's.</param>
    /// <param name="later">
    /// For what was added later, so that a seed without it keeps the world in which it found something.
    /// </param>
    public static SwarmOptions Draw(SimRandom random, SimRandom later)
    {
        var observe = later.Below(1_000) < ObserveChance;
        var electionTicks = random.Between(4, 12);
        var slowNetwork = random.Chance(300);
        var slowDisk = random.Chance(300);
        var changes = random.Chance(600) ? 0 : random.Pick(50_000, 200_000, 600_000);
        return new()
        {
            Voters = random.Chance(30) ? 1 : random.Pick(3, 3, 3, 3, 5, 5, 7),
            Learners = random.Chance(200) ? 1 : 0,
            Spares = changes == 0 ? 0 : random.Below(4),
            MembershipEvery = changes,
            ElectionTicks = electionTicks,
            HeartbeatTicks = random.Between(1, Math.Max(1, electionTicks / 4)),
            MaxAppendEntries = random.Chance(400) ? 1 : random.Pick(2, 8, 4096),
            MaxAppendBytes = random.Chance(300) ? 64 : 1 << 20,
            MaxInflightRequests = random.Chance(400) ? random.Between(1, 3) : 64,
            MaxInflightBytes = random.Chance(200) ? 128 : 8 << 20,
            MaxUncommittedBytes = random.Chance(150) ? 256 : 64 << 20,
            SkewedClocks = random.Chance(500),
            HostLag = random.Chance(500) ? 0 : random.Pick(200, 2_000, 10_000),
            LatencyLow = 100,
            LatencyHigh = slowNetwork ? random.Between(5_000, 40_000) : random.Between(200, 4_000),
            DropChance = random.Chance(400) ? 0 : random.Pick(5, 30, 100, 200),
            DuplicateChance = random.Chance(400) ? 0 : random.Pick(5, 30, 100),
            OrderedLinks = random.Chance(400),
            StragglerChance = random.Chance(500) ? 0 : random.Pick(2, 10, 50),
            StragglerDelay = random.Pick(50_000, 300_000, 1_500_000),
            SyncLow = 50,
            SyncHigh = slowDisk ? random.Between(5_000, 60_000) : random.Between(100, 3_000),
            GroupCommit = random.Chance(700),
            PartitionEvery = random.Chance(250) ? 0 : random.Pick(60_000, 200_000, 600_000),
            HealChance = random.Pick(200, 500, 800),
            CrashEvery = random.Chance(200) ? 0 : random.Pick(60_000, 250_000, 1_000_000),
            PowerLossChance = random.Pick(0, 500, 500, 1000),
            BlackoutChance = random.Pick(0, 20, 150),
            DownHigh = random.Pick(30_000, 200_000, 1_000_000),
            PauseEvery = random.Chance(600) ? 0 : random.Pick(100_000, 500_000),
            StallEvery = random.Chance(600) ? 0 : random.Pick(100_000, 500_000),
            TransferEvery = random.Chance(700) ? 0 : random.Pick(50_000, 300_000),
            CoupChance = random.Chance(600) ? 0 : random.Pick(300, 800),
            SnapshotEvery = random.Chance(300) ? 0 : random.Pick(3, 10, 40, 150),
            Trailing = random.Pick(0, 0, 2, 20),
            SnapshotTransferHigh = random.Pick(1_000, 30_000, 400_000),
            Clients = random.Between(1, 5),
            ClientEvery = random.Pick(2_000, 6_000, 20_000),
            Window = random.Pick(1, 1, 4, 16),
            ReadChance = random.Pick(100, 300, 600),
            LeaderChance = random.Pick(0, 500, 1000),
            PaddingHigh = random.Pick(0, 0, 60, 900),
            Keys = random.Between(1, 4),
            GiveUpChance = random.Pick(0, 0, 50, 300),
            SegmentBytes = random.Pick(4096, 4096, 8192, 32768),
            MaxSpares = random.Pick(0, 1, 2),
            MarkChance = random.Pick(0, 100, 500),
            DiskErrorEvery = random.Chance(600) ? 0 : random.Pick(200_000, 1_000_000),
            DiskFullEvery = random.Chance(700) ? 0 : random.Pick(300_000, 1_000_000),
            DamageChance = random.Chance(600) ? 0 : random.Pick(50, 200, 500),
            NonMembersObserve = observe,
            Observers = observe ? later.Between(0, 2) : 0,
            ObserversKnowFirst = later.Chance(500),
            DisconnectChance = later.Chance(600) ? 0 : later.Pick(100, 500, 1000),
            NewKindChance = later.Chance(850) ? 0 : later.Pick(5, 50),
        };
    }
}
