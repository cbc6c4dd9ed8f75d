using System.CommandLine;

namespace Blixard.Cli.Commands;

/// <summary>Joins a command with what it does.</summary>
internal sealed class CommandBuilder(Surroundings surroundings, GlobalOptions globals)
{
    public Surroundings Surroundings => surroundings;

    /// <summary>A command that asks a node.</summary>
    public Command Create(
        string name,
        string description,
        Func<ParseResult, Invocation, CancellationToken, Task<int>> action,
        params ReadOnlySpan<Symbol> symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    command.Add(argument);
                    break;
                case Option option:
                    command.Add(option);
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"{symbol.GetType()} in {name}");
            }
        }

        command.SetAction(async (result, cancellationToken) =>
        {
            using var invocation = globals.Read(result, surroundings);
            return await action(result, invocation, cancellationToken);
        });
        return command;
    }

    /// <summary>A command that only groups others.</summary>
    public static Command Group(string name, string description, params ReadOnlySpan<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    /// <summary>
    /// A name or id. Not required by the parser, so that an empty and a missing one get the same answer from
    /// <see cref="NameResolver"/>.
    /// </summary>
    public static Argument<string?> NameArgument(string helpName, string description) =>
        new(helpName) { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
