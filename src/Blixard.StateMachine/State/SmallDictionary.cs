using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Blixard.StateMachine.State;

/// <summary>
/// A map of a few dozen keys at most, sorted by ordinal, in one array: changing it copies the array, which for so few is
/// less to allocate and to follow than the nodes of a tree. Immutable.
/// </summary>
public sealed class SmallDictionary<T> : IReadOnlyDictionary<string, T>
    where T : class
{
    private readonly KeyValuePair<string, T>[] _pairs;

    private SmallDictionary(KeyValuePair<string, T>[] pairs) => _pairs = pairs;

    internal static SmallDictionary<T> Empty { get; } = new([]);

    public int Count => _pairs.Length;

    /// <summary>Sorted, as everything here.</summary>
    public IEnumerable<string> Keys => _pairs.Select(static pair => pair.Key);

    public IEnumerable<T> Values => _pairs.Select(static pair => pair.Value);

    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    public T this[string key] =>
        Find(key) is { } value ? value : throw new KeyNotFoundException($"There is no key \"{key}\".");

    public bool ContainsKey(string key) => Place(key) >= 0;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value)
    {
        value = Find(key);
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, T>>)_pairs).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Its value, or null.</summary>
    internal T? Find(string key) => Place(key) is var at and >= 0 ? _pairs[at].Value : null;

    /// <summary>With this value in place of the one the key had; a key that was there stays the same object.</summary>
    internal SmallDictionary<T> With(string key, T value)
    {
        var at = Place(key);
        KeyValuePair<string, T>[] pairs;
        if (at >= 0)
        {
            pairs = (KeyValuePair<string, T>[])_pairs.Clone();
            pairs[at] = new(_pairs[at].Key, value);
            return new(pairs);
        }

        at = ~at;
        pairs = new KeyValuePair<string, T>[_pairs.Length + 1];
        _pairs.AsSpan(0, at).CopyTo(pairs);
        pairs[at] = new(key, value);
        _pairs.AsSpan(at).CopyTo(pairs.AsSpan(at + 1));
        return new(pairs);
    }

    /// <summary>Without that key; the same object if there is none.</summary>
    internal SmallDictionary<T> Without(string key)
    {
        var at = Place(key);
        if (at < 0)
        {
            return this;
        }

        var pairs = new KeyValuePair<string, T>[_pairs.Length - 1];
        _pairs.AsSpan(0, at).CopyTo(pairs);
        _pairs.AsSpan(at + 1).CopyTo(pairs.AsSpan(at));
        return new(pairs);
    }

    /// <summary>Where the key is; or the complement of where it would be.</summary>
    private int Place(string key)
    {
        var (low, high) = (0, _pairs.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(_pairs[middle].Key, key);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
