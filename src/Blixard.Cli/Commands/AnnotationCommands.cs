using System.CommandLine;
using System.Text;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary><c>vm annotate</c> and <c>vm annotations</c>: what people and programs note with a VM.</summary>
internal static class AnnotationCommands
{
    private static readonly IReadOnlyList<Column<VmAnnotation>> AnnotationColumns =
    [
        Columns.Text<VmAnnotation>("KEY", annotation => annotation.Key),
        Columns.Number<VmAnnotation>("BYTES", annotation => annotation.Bytes),
        new("VALUE", annotation => Printable.Text(annotation.Text ?? "-"), annotation => annotation.Text),
    ];

    public static Command Set(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        var changes = new Argument<string[]>("KEY=VALUE|KEY-")
        {
            Description = "KEY=VALUE sets an annotation, KEY- removes it",
            Arity = ArgumentArity.ZeroOrMore,
        };
        return builder.Create(
            "annotate",
            "Notes something with a VM, or removes the note; in the order given, each by itself",
            async (result, invocation, cancellationToken) =>
            {
                var name = NameResolver.Required("vm", result.GetValue(vm));
                var wanted = Parse(result.GetValue(changes) ?? []);
                var found = await NameResolver.VmAsync(invocation, name, cancellationToken);
                var printer = invocation.Printer(OutputFormat.Table);
                foreach (var change in wanted)
                {
                    var index = await ApplyAsync(invocation.Client, found.Name, change, cancellationToken);
                    printer.Line(
                        $"{(change.Value is null ? "removed" : "set")} {change.Key} of {found.Name} "
                            + $"(index {Exact.Of<ulong>(index)})");
                }

                return ExitCode.Ok;
            },
            vm,
            changes);
    }

    public static Command List(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        return builder.Create(
            "annotations",
            "What is noted with a VM",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                var annotations = invocation.Take(
                    await invocation.Client.GetAnnotationsAsync(found.Name, invocation.Reads, cancellationToken));
                invocation.Printer(OutputFormat.Table).List(
                    annotations, AnnotationColumns, $"{found.Name} has no annotations");
                return ExitCode.Ok;
            },
            vm);
    }

    /// <summary>All of them before any is sent: a slip in the last must not leave the first done.</summary>
    private static AnnotationChange[] Parse(string[] words)
    {
        if (words.Length == 0)
        {
            throw new CliException(ExitCode.Usage, "nothing to annotate: KEY=VALUE sets, KEY- removes");
        }

        return [.. words.Select(Parse)];
    }

    private static AnnotationChange Parse(string word)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        var removes = at < 0 && word.EndsWith('-');
        if (at < 0 && !removes)
        {
            throw new CliException(
                ExitCode.Usage, $"\"{word}\" is neither KEY=VALUE, which sets, nor KEY-, which removes");
        }

        var key = removes ? word[..^1] : word[..at];
        var value = removes ? null : word[(at + 1)..];
        if (!ResourceName.IsValid(key))
        {
            throw new CliException(ExitCode.Usage, $"\"{key}\" cannot be the key of an annotation");
        }

        return value is not ""
            ? new AnnotationChange(key, value)
            : throw new CliException(
                ExitCode.Usage, $"the value of {key} is empty: an annotation has at least one byte; {key}- removes it");
    }

    private static Task<ulong> ApplyAsync(
        BlixardClient client, string vm, AnnotationChange change, CancellationToken cancellationToken) =>
        change.Value is null
            ? client.RemoveAnnotationAsync(vm, change.Key, cancellationToken)
            : client.SetAnnotationAsync(vm, change.Key, Encoding.UTF8.GetBytes(change.Value), cancellationToken);

    /// <param name="Key">Of the annotation.</param>
    /// <param name="Value">Null: remove it.</param>
    private sealed record AnnotationChange(string Key, string? Value);
}
