using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>
/// vminfod's own commands: what one node knows by itself, in a partition too. They print JSON unless told otherwise,
/// for the scripts written for vminfod.
/// </summary>
internal static class LocalCommands
{
    public static IEnumerable<Command> Create(CommandBuilder builder) =>
        [Ping(builder), Status(builder), Vms(builder)];

    private static Command Ping(CommandBuilder builder) => builder.Create(
        "ping",
        "Is the node there?",
        async (_, invocation, cancellationToken) =>
        {
            var ping = await invocation.Client.PingAsync(cancellationToken);
            invocation.Printer(OutputFormat.Json).One(
                ping,
                [Columns.Text<Ping>("PING", p => p.Answer)],
                printer => printer.Line(Printable.Text(ping.Answer)));
            return ExitCode.Ok;
        });

    private static Command Status(CommandBuilder builder)
    {
        var json = new Option<bool>("--json", "-j") { Description = "As JSON (as -o json)" };
        var full = new Option<bool>("--full", "-f") { Description = "Also the log of full lists and what is watched" };
        return builder.Create(
            "status",
            "The node's daemon itself",
            async (result, invocation, cancellationToken) =>
            {
                var status = await invocation.Client.GetLocalStatusAsync(result.GetValue(full), cancellationToken);
                var printer = result.GetValue(json)
                    ? invocation.PrinterOf(OutputFormat.Json)
                    : invocation.Printer(OutputFormat.Table);
                printer.One(status, LocalStatusView.All, p => LocalStatusView.Write(p, status, invocation.Now));
                return ExitCode.Ok;
            },
            json,
            full);
    }

    private static Command Vms(CommandBuilder builder) => builder.Create(
        "vms",
        "The VMs as this node knows them",
        async (_, invocation, cancellationToken) =>
        {
            var vms = invocation.Take(await invocation.Client.GetLocalVmsAsync(cancellationToken));
            invocation.Printer(OutputFormat.Json).List(vms, VmTable.ColumnsAt(invocation.Now), "no VMs");
            return ExitCode.Ok;
        });

    /// <summary>
    /// <c>blixard vm UUID</c>. The same word begins <c>vm list</c> and its like, so it is the group's own action
    /// (<see cref="VmCommands"/>).
    /// </summary>
    public static async Task<int> ShowVmAsync(
        string? id, Invocation invocation, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id))
        {
            throw new CliException(ExitCode.Usage, "vm id is required");
        }

        var vm = invocation.Take(await invocation.Client.GetLocalVmAsync(id, cancellationToken));
        invocation.Printer(OutputFormat.Json).One(
            vm, VmTable.ColumnsAt(invocation.Now), printer => VmView.Write(printer, vm, invocation.Now));
        return ExitCode.Ok;
    }
}
