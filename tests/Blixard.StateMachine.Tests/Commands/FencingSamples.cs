using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Tests.Commands;

/// <summary>
/// The samples about leases, fences and managed VMs; see <see cref="Samples"/>. Never changed once released.
/// </summary>
internal static class FencingSamples
{
    public const string Boot = "2b8d1c6e-7b1f-4f0a-8a55-5a3f0e9c1d42";

    public static Command Of(Command.BodyOneofCase body) => body switch
    {
        Command.BodyOneofCase.RejoinNode => Command.Of(new RejoinNode
        {
            Node = "n1",
            Epoch = 2,
            BootId = "71c2a9d0-0000-4f0a-8a55-5a3f0e9c1d42",
            KillBudgetMs = 5000,
            WatchdogMs = 10_000,
        }),
        Command.BodyOneofCase.SuspectNode => Command.Of(
            new SuspectNode { Node = "n1", Epoch = 1, Reason = "no renewal for 10012 ms" }),
        Command.BodyOneofCase.ClearSuspect => Command.Of(new ClearSuspect { Node = "n1", Epoch = 1, Suspect = 12 }),
        Command.BodyOneofCase.FenceNode => Command.Of(
            new FenceNode { Node = "n1", Epoch = 1, Suspect = 12, Reason = "51500 ms since its last renewal" }),
        Command.BodyOneofCase.ConfirmNodeDead => Command.Of(
            new ConfirmNodeDead { Node = "n1", Epoch = 1, Reason = "its board burnt", ConfirmedBy = "n2" }),
        Command.BodyOneofCase.DrainNode => Command.Of(
            new DrainNode { Node = "n1", Reason = "new kernel", DeadlineUnixMs = 1_800_000_600_000 }),
        Command.BodyOneofCase.UndrainNode => Command.Of(
            new UndrainNode { Node = "n1", Reason = "done", ReturnVms = true }),
        Command.BodyOneofCase.ManageVm => Command.Of(new ManageVM
        {
            Vm = "db1",
            Node = "n1",
            Policy = FailoverPolicy.Strict,
            Desired = DesiredState.Running,
            Candidates = { "n1", "n2" },
            Priority = 300,
            Affinity = "shop",
            AntiAffinity = "db",
            MemoryBytes = 4_294_967_296,
            Vcpus = 2,
            Storage = StorageKind.SharedDirect,
            MaxRestarts = 3,
        }),
        Command.BodyOneofCase.UnmanageVm => Command.Of(new UnmanageVM { Vm = "db1", Reason = "no longer ours" }),
        Command.BodyOneofCase.SetDesiredState => Command.Of(
            new SetDesiredState { Vm = "db1", Desired = DesiredState.Stopped, Reason = "night" }),
        Command.BodyOneofCase.AssignVm => Command.Of(new AssignVM
        {
            Vm = "db1",
            Node = "n2",
            Epoch = 1,
            Replaces = 9,
            Reason = "n1 is fenced",
        }),
        Command.BodyOneofCase.GateInstalled => Command.Of(new GateInstalled
        {
            Node = "n1",
            BootId = Boot,
            Gates = { new GateInstalled.Types.Gate { Vm = "db1", ManageIndex = 9 } },
        }),
        Command.BodyOneofCase.ReportGated => Command.Of(new ReportGated
        {
            Vm = "db1",
            Generation = 9,
            Node = "n1",
            Epoch = 1,
            BootId = Boot,
        }),
        Command.BodyOneofCase.ReportStopped => Command.Of(new ReportStopped
        {
            Vm = "db1",
            Generation = 9,
            Node = "n1",
            Epoch = 1,
            BootId = Boot,
        }),
        Command.BodyOneofCase.BeginOperation => Command.Of(
            new BeginOperation { Vm = "db1", Kind = OperationKind.Move, Node = "n2", Reason = "quieter there" }),
        Command.BodyOneofCase.SettleOperation => Command.Of(
            new SettleOperation { Vm = "db1", Operation = 12, Refused = "n2 has no room" }),
        Command.BodyOneofCase.SetSettings => Command.Of(new SetSettings
        {
            MemoryOvercommitPercent = 120,
            CpuOvercommitPercent = 800,
            Strategy = PlacementStrategy.Pack,
            MaxMoving = 2,
        }),
        Command.BodyOneofCase.SetTerm => Command.Of(new SetTerm
        {
            RenewMs = 1000,
            TermMs = 15_000,
            SoftMs = 4000,
            SlackMs = 1000,
            DisarmedUntilUnixMs = 1_800_000_600_123,
            Reason = "switches are replaced",
        }),
        Command.BodyOneofCase.LowerMaxTerm => Command.Of(new LowerMaxTerm { SetTerm = 12 }),
        Command.BodyOneofCase.AdoptCluster => Command.Of(new AdoptCluster { ClusterId = 0xfedcba9876543210 }),
        _ => throw new InvalidOperationException($"{body} has no sample"),
    };

    /// <summary>
    /// What the samples find, after a session, node n1 and VM web1 at the indexes 1 to 3: two nodes with leases, and
    /// VM db1 of generation 9 on n1, promised at 11. Then, at 12, what the one command needs beside it.
    /// </summary>
    public static IEnumerable<Command> Before(Command.BodyOneofCase body)
    {
        yield return Make.RegisterNode("n2");
        yield return Make.Rejoin("n1", 1, Boot);
        yield return Make.Rejoin("n2", 1);
        yield return Make.RegisterVM("db1", "n1", VmState.Running);
        yield return Make.RegisterVM("db1", "n2", VmState.Stopped);
        yield return Make.Manage("db1", "n1", FailoverPolicy.Strict);
        if (body == Command.BodyOneofCase.GateInstalled)
        {
            yield break;
        }

        yield return Make.Gate("n1", Boot, ("db1", 9));
        yield return Make.Gate("n2", Make.Boot, ("db1", 9));
        switch (body)
        {
            case Command.BodyOneofCase.ClearSuspect or Command.BodyOneofCase.FenceNode:
                yield return Make.Suspect("n1", 1);
                break;
            case Command.BodyOneofCase.ConfirmNodeDead:
                yield return Make.Lost("n1");
                break;
            case Command.BodyOneofCase.UndrainNode:
                yield return Make.Drain("n1");
                break;
            case Command.BodyOneofCase.UnmanageVm or Command.BodyOneofCase.AssignVm:
                yield return Make.Stopped("db1", 9, "n1", 1, Boot);
                break;
            case Command.BodyOneofCase.SettleOperation:
                yield return Make.Begin("db1", OperationKind.Move, "n2");
                break;
            case Command.BodyOneofCase.LowerMaxTerm:
                yield return Make.SetTerm(Blixard.StateMachine.Fencing.LeaseProfile.Fast);
                break;
            default:
                break;
        }
    }

    public static bool IsOfThese(Command.BodyOneofCase body) =>
        CommandVersions.Needed(Samples.Of(body)) == CommandVersions.ManagedVms;
}
