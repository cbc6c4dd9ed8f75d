namespace Blixard.Linearizability;

/// <summary>
/// Lowe's memory: which operations are taken now, and with which sets of them and states the search has been on. A set
/// is kept as the first operation that is not taken and the bits from there to the last that is: as short as the history
/// is concurrent.
/// </summary>
internal sealed class TriedBefore<TState>(int closed, int open)
{
    private readonly ulong[] _closed = new ulong[(closed >> 6) + 1];
    private readonly ulong[] _open = new ulong[(open + 63) >> 6];
    private readonly HashSet<Configuration> _seen = [];
    private int _firstWord;
    private int _lastWord = -1;

    public void Mark(int number, bool isOpen, bool taken)
    {
        var (bits, word, bit) = (isOpen ? _open : _closed, number >> 6, 1UL << (number & 63));
        bits[word] = taken ? bits[word] | bit : bits[word] & ~bit;
        if (isOpen)
        {
            return;
        }

        if (taken)
        {
            _lastWord = Math.Max(_lastWord, word);
        }
        else
        {
            _firstWord = Math.Min(_firstWord, word);
        }
    }

    /// <summary>True the first time that the search is here.</summary>
    /// <param name="state">The state that what is taken leads to.</param>
    /// <param name="isDead">Nobody is still to see that state, so that it is as good as any other such state.</param>
    public bool IsNew(TState state, bool isDead)
    {
        while (_firstWord < _closed.Length && _closed[_firstWord] == ulong.MaxValue)
        {
            _firstWord++;
        }

        while (_lastWord >= 0 && _closed[_lastWord] == 0)
        {
            _lastWord--;
        }

        var window = Math.Max(0, _lastWord - _firstWord + 1);
        var words = new ulong[1 + window + _open.Length];
        words[0] = ((ulong)_firstWord << 1) | (isDead ? 1UL : 0);
        _closed.AsSpan(Math.Min(_firstWord, _closed.Length), window).CopyTo(words.AsSpan(1));
        _open.CopyTo(words, 1 + window);
        return _seen.Add(new(words, isDead ? default! : state));
    }

    private sealed class Configuration(ulong[] taken, TState state) : IEquatable<Configuration>
    {
        private readonly ulong[] _taken = taken;
        private readonly TState _state = state;

        public bool Equals(Configuration? other) =>
            other is not null
            && _taken.AsSpan().SequenceEqual(other._taken)
            && EqualityComparer<TState>.Default.Equals(_state, other._state);

        public override bool Equals(object? obj) => Equals(obj as Configuration);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach (var word in _taken)
            {
                hash.Add(word);
            }

            hash.Add(_state);
            return hash.ToHashCode();
        }
    }
}
