using System.CommandLine;
using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>Options whose values are checked here: the parser's own messages speak of .NET types.</summary>
internal static class Options
{
    public static Option<string?> Choice(
        string name, string? alias, string description, string helpName, IReadOnlyList<string> choices)
    {
        var option = new Option<string?>(name, alias is null ? [] : [alias])
        {
            Description = $"{description}: {Sentence(choices)}",
            HelpName = helpName,
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (choices.FirstOrDefault(c => c.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } choice)
                {
                    return choice;
                }

                result.AddError($"{name} takes {Sentence(choices)}, not \"{text}\".");
                return null;
            },
        };
        option.CompletionSources.Add([.. choices]);
        return option;
    }

    /// <param name="name">With its dashes.</param>
    /// <param name="description">For the help.</param>
    /// <param name="helpName">What stands for the value.</param>
    /// <param name="takes">What it accepts, for the message.</param>
    /// <param name="isValid">Whether a number that could be read is acceptable.</param>
    public static Option<T?> Number<T>(
        string name, string description, string helpName, string takes, Func<T, bool> isValid)
        where T : struct, ISpanParsable<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (T.TryParse(text, CultureInfo.InvariantCulture, out var number) && isValid(number))
                {
                    return number;
                }

                result.AddError($"{name} takes {takes}, not \"{text}\".");
                return null;
            },
        };

    /// <summary>Handed on as it was given: "ago" counts from the node's clock.</summary>
    public static Option<string?> Time(string name, string description, TimeProvider time) => new(name)
    {
        Description = $"{description}: {PointInTime.Forms}",
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (PointInTime.TryParse(text, time.GetUtcNow(), out _))
            {
                return text;
            }

            result.AddError($"{name} takes {PointInTime.Forms}, not \"{text}\".");
            return null;
        },
    };

    private static string Sentence(IReadOnlyList<string> choices) =>
        $"{string.Join(", ", choices.SkipLast(1))} or {choices[^1]}";
}
