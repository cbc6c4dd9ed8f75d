using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;

namespace Blixard.Cli.Commands;

internal static class NodeCommands
{
    public static Command Create(CommandBuilder builder)
    {
        var node = CommandBuilder.NameArgument("NODE", "Its name or id, or the beginning of one");
        return CommandBuilder.Group(
            "node",
            "The hosts",
            builder.Create("list", "All nodes", ListAsync),
            builder.Create(
                "show",
                "One node",
                async (result, invocation, cancellationToken) =>
                {
                    var found = await NameResolver.NodeAsync(invocation, result.GetValue(node), cancellationToken);
                    invocation.Printer(OutputFormat.Table)
                        .One(found, NodeTable.All, printer => NodeTable.Write(printer, found));
                    return ExitCode.Ok;
                },
                node));
    }

    private static async Task<int> ListAsync(
        ParseResult result, Invocation invocation, CancellationToken cancellationToken)
    {
        var nodes = invocation.Take(await invocation.Client.GetNodesAsync(invocation.Reads, cancellationToken));
        invocation.Printer(OutputFormat.Table).List(nodes, NodeTable.All, "no nodes");
        return ExitCode.Ok;
    }
}
