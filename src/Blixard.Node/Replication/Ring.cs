namespace Blixard.Node.Replication;

/// <summary>A queue that can be indexed, so that it can be searched by halves. Not thread-safe.</summary>
internal sealed class Ring<T>
{
    private T[] _items = new T[16];
    private int _first;

    public int Count { get; private set; }

    public T this[int index] => (uint)index < (uint)Count
        ? _items[(_first + index) & (_items.Length - 1)]
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"the ring holds {Count}");

    public void Add(T item)
    {
        if (Count == _items.Length)
        {
            Grow();
        }

        _items[(_first + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    public void RemoveFirst()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("The ring is empty.");
        }

        _items[_first] = default!;
        _first = (_first + 1) & (_items.Length - 1);
        Count--;
    }

    public void Clear()
    {
        _items = new T[16];
        (_first, Count) = (0, 0);
    }

    private void Grow()
    {
        // A power of two, so that wrapping is a mask.
        var items = new T[_items.Length * 2];
        for (var i = 0; i < Count; i++)
        {
            items[i] = this[i];
        }

        (_items, _first) = (items, 0);
    }
}
