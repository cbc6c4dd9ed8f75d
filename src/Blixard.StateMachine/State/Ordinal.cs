using System.Collections.Immutable;

namespace Blixard.StateMachine.State;

/// <summary>
/// The only way to make a sorted collection of strings here: the default comparer sorts by culture, and two replicas
/// with different cultures would iterate differently.
/// </summary>
internal static class Ordinal
{
    public static ImmutableSortedSet<string> Set { get; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public static ImmutableSortedDictionary<string, T> Map<T>() => Maps<T>.Empty;

    private static class Maps<T>
    {
        public static readonly ImmutableSortedDictionary<string, T> Empty =
            ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
    }
}
