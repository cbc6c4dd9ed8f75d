using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;

namespace Blixard.Cli.Commands;

internal static class ClusterCommands
{
    public static Command Create(CommandBuilder builder) => CommandBuilder.Group(
        "cluster",
        "The cluster as a whole",
        builder.Create(
            "status", "Is there a leader, is the quorum safe, who lags, which VMs need a look", StatusAsync),
        MemberCommands.List(builder),
        MemberCommands.Add(builder),
        MemberCommands.Remove(builder),
        MemberCommands.Promote(builder),
        MemberCommands.Transfer(builder),
        MemberCommands.Cancel(builder));

    private static async Task<int> StatusAsync(
        ParseResult result, Invocation invocation, CancellationToken cancellationToken)
    {
        var answer = await invocation.Client.GetClusterAsync(invocation.Reads, cancellationToken);
        var printer = invocation.Printer(OutputFormat.Table);
        if (invocation.Format == OutputFormat.Csv)
        {
            printer.List(answer.Value.Members, ClusterStatusView.MemberColumns, whenEmpty: "");
        }
        else
        {
            printer.One(answer.Value, [], p => ClusterStatusView.Write(p, answer.Value));
        }

        return ExitCode.Ok;
    }
}
