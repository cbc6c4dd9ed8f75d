using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

internal static class VmCommands
{
    public static Command Create(CommandBuilder builder)
    {
        // vminfod's `vm UUID`: the group itself takes an id.
        var id = CommandBuilder.NameArgument("VM", "Its uuid or name: prints this node's own record, as vminfod does");
        var vm = builder.Create(
            "vm",
            "The microVMs of all nodes",
            (result, invocation, cancellationToken) =>
                LocalCommands.ShowVmAsync(result.GetValue(id), invocation, cancellationToken),
            id);
        vm.Add(List(builder));
        vm.Add(Show(builder));
        vm.Add(Register(builder));
        vm.Add(Remove(builder));
        vm.Add(LogsCommand.Create(builder));
        vm.Add(HistoryCommand.Create(builder));
        vm.Add(HealthCommand.Create(builder));
        vm.Add(AnnotationCommands.Set(builder));
        vm.Add(AnnotationCommands.List(builder));
        return vm;
    }

    private static Command List(CommandBuilder builder)
    {
        var node = new Option<string?>("--node")
        {
            Description = "Only VMs that run there, or ran there last",
            HelpName = "NAME",
        };
        var state = Options.Choice(
            "--state",
            alias: null,
            "Only VMs in that state",
            "STATE",
            [.. Enum.GetValues<VmState>().Select(Exact.Name)]);
        var attention = new Option<bool>("--attention")
        {
            Description = "Only VMs that are not how they should be, the reason beside them",
        };
        return builder.Create(
            "list",
            "All VMs",
            async (result, invocation, cancellationToken) =>
            {
                var all = invocation.Take(await invocation.Client.GetVmsAsync(invocation.Reads, cancellationToken));
                var onNode = result.GetValue(node);
                var inState = result.GetValue(state);
                var wantsReason = result.GetValue(attention);
                IReadOnlyList<Vm> vms =
                [
                    .. all.Where(vm => (onNode is null || vm.Node == onNode)
                        && (inState is null || Exact.Name(vm.Stale ? VmState.Unknown : vm.State) == inState)
                        && (!wantsReason || VmAttention.ReasonFor(vm) is not null)),
                ];
                IReadOnlyList<Column<Vm>> columns = VmTable.ColumnsAt(invocation.Now);
                invocation.Printer(OutputFormat.Table).List(
                    vms,
                    wantsReason ? VmTable.WithReason(columns) : columns,
                    vms.Count == all.Count ? "no VMs" : "no VMs match");
                return ExitCode.Ok;
            },
            node,
            state,
            attention);
    }

    private static Command Show(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        return builder.Create(
            "show",
            "One VM",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                invocation.Printer(OutputFormat.Table).One(
                    found,
                    VmTable.ColumnsAt(invocation.Now),
                    printer => VmView.Write(printer, found, invocation.Now));
                return ExitCode.Ok;
            },
            vm);
    }

    private static Command Register(CommandBuilder builder)
    {
        var name = CommandBuilder.NameArgument("NAME", "The VM's name");
        var node = new Option<string?>("--node")
        {
            Description = "Where it is defined [default: the node that answers]",
            HelpName = "NAME",
        };
        var unit = new Option<string?>("--unit")
        {
            Description = "Its unit there [default: microvm@NAME.service, with --user microvm-NAME.service]",
            HelpName = "UNIT",
        };
        var user = new Option<bool>("--user") { Description = "The unit belongs to a user's manager" };
        return builder.Create(
            "register",
            "Tells the cluster of a VM before its node discovers it",
            async (result, invocation, cancellationToken) =>
            {
                var request = new RegisterVmRequest
                {
                    Node = result.GetValue(node),
                    Unit = result.GetValue(unit),
                    UserService = result.GetValue(user),
                };
                var answer = await invocation.Client.RegisterVmAsync(
                    NameResolver.Required("vm", result.GetValue(name)), request, cancellationToken);
                invocation.Printer(OutputFormat.Table).One(
                    answer.Value,
                    VmTable.ColumnsAt(invocation.Now),
                    printer => printer.Line(Printable.Text(
                        $"registered {answer.Value.Name} on {string.Join(", ", answer.Value.Candidates)} "
                            + $"(index {Exact.Of<ulong>(answer.Index)})")));
                return ExitCode.Ok;
            },
            name,
            node,
            unit,
            user);
    }

    private static Command Remove(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        var force = new Option<bool>("--force")
        {
            Description = "Also where a node has the VM still, or annotations or a health policy go with it",
        };
        return builder.Create(
            "remove",
            "Makes the cluster forget a VM; stops nothing, and a unit that is still there is discovered again as a new VM",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                var insists = result.GetValue(force);
                var noted = insists ? await NotedAsync(invocation, found.Name, cancellationToken) : [];
                var index = await invocation.Client.RemoveVmAsync(found.Name, insists, cancellationToken);
                invocation.Printer(OutputFormat.Table).One(
                    found,
                    VmTable.ColumnsAt(invocation.Now),
                    printer => printer.Line(Printable.Text(
                        $"removed {found.Name} (index {Exact.Of<ulong>(index)}){Removed(found, noted)}")));
                return ExitCode.Ok;
            },
            vm,
            force);
    }

    /// <summary>The keys of its annotations, as of just before.</summary>
    private static async Task<IReadOnlyList<string>> NotedAsync(
        Invocation invocation, string vm, CancellationToken cancellationToken) =>
    [
        .. (await invocation.Client.GetAnnotationsAsync(vm, ReadOptions.Linearizable, cancellationToken)).Value
            .Select(annotation => annotation.Key),
    ];

    private static string Removed(Vm vm, IReadOnlyList<string> noted)
    {
        var running = VmAttention.RunningOn(vm);
        var others = vm.Candidates.Except(running, StringComparer.Ordinal).ToArray();
        return (running.Count == 0 ? "" : $", which runs on {string.Join(" and ", running)}")
            + (others.Length == 0 ? "" : $", which {string.Join(" and ", others)} defined")
            + (noted.Count == 0 ? "" : $", with its annotations {string.Join(", ", noted)}");
    }
}
