namespace Blixard.Node.Api;

/// <summary>The replicated state counts Unix milliseconds, with 0 for "not known".</summary>
internal static class Instants
{
    public static DateTimeOffset At(long unixMilliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds);

    public static DateTimeOffset? Known(long? unixMilliseconds) =>
        unixMilliseconds is { } time and not 0 ? At(time) : null;
}
