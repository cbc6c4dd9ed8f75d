using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.Tests;

/// <summary>Commands about leases, fences and managed VMs.</summary>
internal static partial class Make
{
    public const ulong GiB = 1UL << 30;

    public static Command Rejoin(string node, ulong epoch, string boot = Boot, uint kill = 5000, uint watchdog = 10_000) =>
        Command.Of(new RejoinNode
        {
            Node = node,
            Epoch = epoch,
            BootId = boot,
            KillBudgetMs = kill,
            WatchdogMs = watchdog,
        }).By(node);

    public static Command Suspect(string node, ulong epoch, ulong term = 1) =>
        Decided(Command.Of(new SuspectNode { Node = node, Epoch = epoch, Reason = "silent" }), term);

    public static Command Clear(string node, ulong epoch, ulong suspect, ulong term = 1) =>
        Decided(Command.Of(new ClearSuspect { Node = node, Epoch = epoch, Suspect = suspect }), term);

    public static Command Fence(string node, ulong epoch, ulong suspect, ulong term = 1) =>
        Decided(Command.Of(new FenceNode { Node = node, Epoch = epoch, Suspect = suspect, Reason = "waited" }), term);

    public static Command Dead(string node, ulong epoch) => Decided(Command.Of(
        new ConfirmNodeDead { Node = node, Epoch = epoch, Reason = "seen burning", ConfirmedBy = "n1" }));

    public static Command Drain(string node) => Command.Of(new DrainNode { Node = node, Reason = "kernel" }).By("n1");

    public static Command Undrain(string node, bool returns = false) =>
        Command.Of(new UndrainNode { Node = node, ReturnVms = returns }).By("n1");

    public static Command Manage(
        string vm, string node, FailoverPolicy policy, params string[] candidates)
    {
        var body = new ManageVM
        {
            Vm = vm,
            Node = node,
            Policy = policy,
            Desired = DesiredState.Running,
            MemoryBytes = GiB,
            Vcpus = 1,
            Storage = StorageKind.SharedDirect,
        };
        body.Candidates.AddRange(candidates);
        return Command.Of(body).By("n1");
    }

    public static Command Unmanage(string vm) => Command.Of(new UnmanageVM { Vm = vm }).By("n1");

    public static Command Want(string vm, DesiredState desired) =>
        Command.Of(new SetDesiredState { Vm = vm, Desired = desired }).By("n1");

    public static Command AssignTo(string vm, string node, ulong epoch, ulong replaces, ulong term = 1) => Decided(
        Command.Of(new AssignVM { Vm = vm, Node = node, Epoch = epoch, Replaces = replaces, Reason = "test" }), term);

    public static Command Gate(string node, string boot, params (string Vm, ulong ManageIndex)[] gates)
    {
        var body = new GateInstalled { Node = node, BootId = boot };
        foreach (var (vm, index) in gates)
        {
            body.Gates.Add(new GateInstalled.Types.Gate { Vm = vm, ManageIndex = index });
        }

        return Command.Of(body).By(node);
    }

    public static Command Gated(string vm, ulong generation, string node, ulong epoch, string boot = Boot) =>
        Command.Of(new ReportGated
        {
            Vm = vm,
            Generation = generation,
            Node = node,
            Epoch = epoch,
            BootId = boot,
        }).By(node);

    public static Command Stopped(string vm, ulong generation, string node, ulong epoch, string boot = Boot) =>
        Command.Of(new ReportStopped
        {
            Vm = vm,
            Generation = generation,
            Node = node,
            Epoch = epoch,
            BootId = boot,
        }).By(node);

    public static Command Begin(string vm, OperationKind kind, string node = "") =>
        Command.Of(new BeginOperation { Vm = vm, Kind = kind, Node = node }).By("n1");

    public static Command SettleOf(string vm, ulong operation, string refused = "") =>
        Decided(Command.Of(new SettleOperation { Vm = vm, Operation = operation, Refused = refused }));

    public static Command SetTerm(LeaseProfile profile, TimeSpan disarm = default) => Command.Of(new SetTerm
    {
        RenewMs = (uint)profile.RenewMs,
        TermMs = (uint)profile.TermMs,
        SoftMs = (uint)profile.SoftMs,
        SlackMs = (uint)profile.SlackMs,
        DisarmedUntilUnixMs = disarm == default ? 0 : Replica.Start + (long)disarm.TotalMilliseconds,
    }).By("n1");

    public static Command Lower(ulong setTerm) => Decided(Command.Of(new LowerMaxTerm { SetTerm = setTerm }));

    public static Command Adopt(ulong cluster) => Decided(Command.Of(new AdoptCluster { ClusterId = cluster }));
}
