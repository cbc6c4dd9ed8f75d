using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>Of <c>blixard cluster</c>: who is a member, and the changes of that.</summary>
internal static class MemberCommands
{
    public static Command List(CommandBuilder builder) => builder.Create(
        "members",
        "Who is a member, and as what",
        async (result, invocation, cancellationToken) =>
        {
            var members = invocation.Take(
                await invocation.Client.GetMembersAsync(invocation.Reads, cancellationToken));
            invocation.Printer(OutputFormat.Table).List(members, MemberTable.All, "no members");
            return ExitCode.Ok;
        });

    public static Command Add(CommandBuilder builder)
    {
        var name = CommandBuilder.NameArgument("NAME", "What the new node is called: its host name, or its Node:Name");
        var raft = new Option<string?>("--raft-address")
        {
            Description = "Where it will listen for the other members, usually at port 7481",
            HelpName = "HOST:PORT",
        };
        var api = new Option<string?>("--api-address")
        {
            Description = "Where its API will answer [default: port 7480 of the same host]",
            HelpName = "HOST:PORT",
        };
        return builder.Create(
            "add",
            "Adds a node, and prints the command that makes a host that node",
            async (result, invocation, cancellationToken) =>
            {
                var request = new AddMemberRequest
                {
                    Name = NameResolver.Required("node", result.GetValue(name)),
                    RaftAddress = result.GetValue(raft)
                        ?? throw new CliException(ExitCode.Usage, "--raft-address HOST:PORT is required"),
                    ApiAddress = result.GetValue(api),
                };
                var added = (await invocation.Client.AddMemberAsync(request, cancellationToken)).Value;
                invocation.Printer(OutputFormat.Table).One(
                    added,
                    MemberTable.Added,
                    printer =>
                    {
                        printer.Line(Printable.Text(
                            $"added {added.Name} as {Exact.Name(added.Membership)} {added.Id}; there, with an empty data "
                                + "directory, run this and start blixard-node:"));
                        printer.Line(Printable.Text($"blixard-node join {added.Token}"));
                    });
                return ExitCode.Ok;
            },
            name,
            raft,
            api);
    }

    public static Command Remove(CommandBuilder builder)
    {
        var member = CommandBuilder.NameArgument("NODE", "Its name or id, or the beginning of one");
        var force = new Option<bool>("--force")
        {
            Description = "Also where VMs, with their annotations, go with it, because no other node defines them",
        };
        return builder.Create(
            "remove",
            "Removes a node for good; its host comes back only as a new node",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.MemberAsync(invocation, result.GetValue(member), cancellationToken);
                var insists = result.GetValue(force);
                var gone = insists ? await OnlyOnAsync(invocation, found.Name, cancellationToken) : [];
                var index = await invocation.Client.RemoveMemberAsync(found.Id, insists, cancellationToken);
                invocation.Printer(OutputFormat.Table).One(
                    found,
                    MemberTable.All,
                    printer => printer.Line(Printable.Text(
                        $"removed {found.Name} ({found.Id}) (index {Exact.Of<ulong>(index)})"
                            + (gone.Count == 0 ? "" : $", and the VMs that only it defined: {string.Join(", ", gone)}"))));
                return ExitCode.Ok;
            },
            member,
            force);
    }

    /// <summary>The VMs that go with a node, as of just before.</summary>
    private static async Task<IReadOnlyList<string>> OnlyOnAsync(
        Invocation invocation, string node, CancellationToken cancellationToken)
    {
        var vms = (await invocation.Client.GetVmsAsync(ReadOptions.Linearizable, cancellationToken)).Value;
        return [.. vms.Where(vm => vm.Candidates is [var only] && only == node).Select(vm => vm.Name)];
    }

    public static Command Promote(CommandBuilder builder)
    {
        var member = CommandBuilder.NameArgument("NODE", "Its name or id, or the beginning of one");
        return builder.Create(
            "promote",
            "Makes a learner a voter; by default the cluster does this by itself",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.MemberAsync(invocation, result.GetValue(member), cancellationToken);
                var promoted = (await invocation.Client.PromoteMemberAsync(found.Id, cancellationToken)).Value;
                invocation.Printer(OutputFormat.Table).One(
                    promoted,
                    MemberTable.All,
                    printer => printer.Line(Printable.Text($"{promoted.Name} is a {Exact.Name(promoted.Membership)}")));
                return ExitCode.Ok;
            },
            member);
    }

    public static Command Transfer(CommandBuilder builder)
    {
        var member = CommandBuilder.NameArgument(
            "NODE", "The voter that is to lead: its name or id, or the beginning of one [default: whichever is best]");
        return builder.Create(
            "transfer",
            "Lets another voter lead",
            async (result, invocation, cancellationToken) =>
            {
                var to = result.GetValue(member) is { Length: > 0 } name
                    ? (await NameResolver.MemberAsync(invocation, name, cancellationToken)).Id
                    : null;
                var leadership = (await invocation.Client.TransferLeadershipAsync(to, cancellationToken)).Value;
                invocation.Printer(OutputFormat.Table).One(
                    leadership,
                    MemberTable.Leadership,
                    printer => printer.Line(Printable.Text(
                        $"{leadership.Leader ?? "nobody known"} leads, term {Exact.Of<ulong>(leadership.Term)}")));
                return ExitCode.Ok;
            },
            member);
    }

    public static Command Cancel(CommandBuilder builder) => builder.Create(
        "cancel",
        "Withdraws the change of the members that is asked for and not done yet",
        async (_, invocation, cancellationToken) =>
        {
            var index = await invocation.Client.CancelMembershipChangeAsync(cancellationToken);
            invocation.Surroundings.Output.WriteLine($"withdrawn (index {Exact.Of<ulong>(index)})");
            return ExitCode.Ok;
        });
}
