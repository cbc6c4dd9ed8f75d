using Blixard.Cli.Output;
using Blixard.Client;

namespace Blixard.Cli.Commands;

/// <summary>One run of a command: whom to ask, how fresh, and how to print it.</summary>
/// <param name="surroundings">The process.</param>
/// <param name="clientOptions">Whom to ask.</param>
/// <param name="reads">How fresh.</param>
/// <param name="format">What <c>-o</c> said, or null.</param>
/// <param name="colour">Whether to colour.</param>
internal sealed class Invocation(
    Surroundings surroundings, BlixardClientOptions clientOptions, ReadOptions reads, OutputFormat? format, bool colour)
    : IDisposable
{
    /// <summary>Below this a stale answer is as good as a fresh one, and a note about it only noise.</summary>
    private static readonly TimeSpan WorthANote = TimeSpan.FromSeconds(1);

    public BlixardClient Client { get; } = new(clientOptions);

    public ReadOptions Reads => reads;

    public OutputFormat? Format => format;

    public Surroundings Surroundings => surroundings;

    public DateTimeOffset Now => surroundings.Time.GetUtcNow();

    public Palette Palette { get; } = new(colour);

    public Printer Printer(OutputFormat unlessSaid) => PrinterOf(format ?? unlessSaid);

    public Printer PrinterOf(OutputFormat chosen) =>
        new(surroundings.Output, chosen, Palette, surroundings.TerminalWidth);

    /// <summary>Takes the value of an answer; says on standard error when it may be old.</summary>
    public T Take<T>(Answer<T> answer)
    {
        if (answer.LastContact > WorthANote)
        {
            var age = Humanize.Age(answer.LastContact.Value);
            surroundings.Error.WriteLine($"note: the node's own view; it last had contact with a leader {age} ago");
        }

        return answer.Value;
    }

    public void Dispose() => Client.Dispose();
}
