using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Blixard.Cli.Commands;
using Blixard.Cli.Output;
using Blixard.Client;

namespace Blixard.Cli;

/// <summary>The tree of commands, and the one place that turns an error into a sentence and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(
        IReadOnlyList<string> args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        try
        {
            return await ParseAndRunAsync(args, surroundings, cancellationToken);
        }
        catch (OutputException e)
        {
            return e.ReaderIsGone ? ExitCode.Ok : Fail(ExitCode.Failed, $"cannot write the answer: {e.Message}");
        }
        catch (CliException e)
        {
            return Fail(e.ExitCode, e.Message, e.Hint);
        }
        catch (ProblemException e)
        {
            return Fail(ExitCode.Failed, e.Message);
        }
        catch (MalformedAnswerException e)
        {
            return Fail(ExitCode.Failed, e.Message);
        }
        catch (EndpointUnreachableException e)
        {
            return Fail(ExitCode.Unreachable, e.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }

        int Fail(int exitCode, string message, string? hint = null)
        {
            surroundings.Error.WriteLine(Printable.Text(message));
            if (hint is not null)
            {
                surroundings.Error.WriteLine("  " + Printable.Text(hint));
            }

            return exitCode;
        }
    }

    /// <summary>The whole tree. Built at every start, so nothing here may be slow.</summary>
    public static RootCommand Build(Surroundings surroundings)
    {
        var globals = new GlobalOptions();
        var root = new RootCommand("Sees and steers the microVMs of a Blixard cluster, from any of its nodes.");
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            // Windows' ways to ask for help are file names here.
            help.Aliases.Remove("/?");
            help.Aliases.Remove("/h");
        }

        globals.AddTo(root);
        var builder = new CommandBuilder(surroundings, globals);
        root.Add(ClusterCommands.Create(builder));
        root.Add(NodeCommands.Create(builder));
        root.Add(VmCommands.Create(builder));
        root.Add(EventsCommand.Create(builder));
        foreach (var command in LocalCommands.Create(builder))
        {
            root.Add(command);
        }

        root.Add(CompletionCommand.Create(builder));
        return root;
    }

    private static async Task<int> ParseAndRunAsync(
        IReadOnlyList<string> args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var root = Build(surroundings);
        var result = root.Parse(args);
        if (result is { CommandResult.Command.Action: null, Errors.Count: 1, UnmatchedTokens.Count: 0 })
        {
            // A group without a command: what there is to choose from.
            root.Parse([.. args, "--help"]).Invoke(new InvocationConfiguration { Output = surroundings.Error });
            return ExitCode.Usage;
        }

        if (result.Errors.Count > 0 && result.Action is ParseErrorAction)
        {
            foreach (var error in result.Errors)
            {
                await surroundings.Error.WriteLineAsync(Printable.Text(error.Message));
            }

            await surroundings.Error.WriteLineAsync($"see {HelpFor(result.CommandResult.Command)}");
            return ExitCode.Usage;
        }

        var exitCode = await result.InvokeAsync(
            new InvocationConfiguration
            {
                Output = surroundings.Output,
                Error = surroundings.Error,
                EnableDefaultExceptionHandler = false,
            },
            cancellationToken);
        // Also after Ctrl-C: what was printed until then is what was asked for.
        await surroundings.Output.FlushAsync(CancellationToken.None);
        return exitCode;
    }

    private static string HelpFor(Command command)
    {
        var names = new List<string>();
        for (Symbol? symbol = command; symbol is not null and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
        {
            names.Insert(0, symbol.Name);
        }

        return string.Join(' ', [Surroundings.CommandName, .. names, "--help"]);
    }
}
