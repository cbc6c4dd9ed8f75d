namespace Blixard.StateMachine.Commands;

/// <summary>The command would not fit a log entry; whoever made it sends it in parts. Sizes in bytes.</summary>
public sealed class CommandTooLargeException(string kind, int size, int limit)
    : Exception($"{kind} has {size} bytes, the most is {limit}")
{
    public int Size { get; } = size;

    public int Limit { get; } = limit;
}
