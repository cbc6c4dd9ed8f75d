using System.Diagnostics;

namespace Blixard.Linearizability;

/// <summary>
/// The search for an order. Calls and returns are in a list by time; taking an operation lifts its two entries out, and
/// only what is called before the first return that is left may come next. A dead end puts them back. What was reached
/// before, the same operations taken and the same state, is not tried again. Hints spare most of the choices: see
/// <see cref="IsForced"/> and <see cref="IsWorthTrying"/>.
/// </summary>
internal sealed class Search<TState, TInput, TOutput>
    where TInput : notnull
{
    private readonly ISequentialModel<TState, TInput, TOutput> _model;
    private readonly IHints<TState, TInput, TOutput>? _hints;
    private readonly Bound _bound;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Entry _head = new();
    private readonly List<Move> _taken = [];
    private readonly TriedBefore<TState> _tried;

    /// <summary>By the number of a state: reads that saw it and have no place yet.</summary>
    private readonly int[] _toBeSeen;
    private TState _state;

    /// <summary>Operations that must get a place and have none yet.</summary>
    private int _left;

    public Search(
        ISequentialModel<TState, TInput, TOutput> model,
        IReadOnlyList<Operation<TInput, TOutput>> history,
        Bound bound)
    {
        _model = model;
        _hints = model.Study(history);
        _bound = bound;
        _state = model.Initial;
        var items = Items(history);
        _left = items.Count(item => !item.IsOpen);
        _tried = new(_left, items.Count - _left);
        _toBeSeen = new int[items.Select(item => item.SeenBy).Append(-1).Max() + 1];
        foreach (var item in items.Where(item => item.SeenBy >= 0))
        {
            _toBeSeen[item.SeenBy]++;
        }

        Link(items);
    }

    public long Steps { get; private set; }

    /// <summary>The longest order that a dead end was reached with, and what could not come next there.</summary>
    public IReadOnlyList<int> Deepest { get; private set; } = [];

    public IReadOnlyList<int> NoPlace { get; private set; } = [];

    public TState? StateThere { get; private set; }

    /// <summary>That state could not be left, because what saw it was still to come.</summary>
    public bool IsStillToBeSeen { get; private set; }

    /// <returns>Null when the bound was reached.</returns>
    public bool? Run()
    {
        var entry = Advance();
        while (_left > 0)
        {
            if (OverBound())
            {
                return null;
            }

            if (entry!.Item is not { } item)
            {
                // The return of an operation that has no place yet: nothing later may come before it.
                RememberDeadEnd();
                entry = Back();
            }
            else if (IsRight(item, out var next) && IsWorthTrying(item, next))
            {
                Take(entry, next, forced: false);
                entry = Advance();
                if (!_tried.IsNew(_state, IsDead(_state)))
                {
                    entry = Back();
                }
            }
            else
            {
                entry = entry.Next;
            }

            if (entry is null)
            {
                break;
            }
        }

        return _left == 0;
    }

    private bool OverBound() =>
        ++Steps > _bound.Steps
        || (_bound.Time is { } time && Steps % 4096 == 0 && Stopwatch.GetElapsedTime(_started) > time);

    /// <summary>Whether the operation would answer here what it answered; and what it leads to.</summary>
    private bool IsRight(Item item, out TState next)
    {
        (next, var answer) = _model.Apply(_state, item.Operation.Input);
        return item.Operation.Completed is null
            || EqualityComparer<TOutput>.Default.Equals(answer, item.Operation.Output);
    }

    /// <summary>
    /// False where another choice does as well. An open operation that changes nothing, or nothing that is seen, needs
    /// no place; of equal ones the first that was invoked may be taken wherever a later one may. And a state that never
    /// comes back is not left before all who saw it have their place.
    /// </summary>
    private bool IsWorthTrying(Item item, TState next)
    {
        var changes = !EqualityComparer<TState>.Default.Equals(next, _state);
        if (item.IsOpen && (!changes || IsDead(next) || item.EqualBefore is { IsTaken: false }))
        {
            return false;
        }

        return !changes || MayBeLeft(_state);
    }

    /// <summary>
    /// True if no other choice can be better: a read is right wherever its answer is. And where the state is one that
    /// nobody is still to see, an operation that leads to another such state does no harm now: whatever follows in an
    /// order that takes it later overwrites the one as well as the other.
    /// </summary>
    private bool IsForced(Item item, TState next) =>
        !item.IsOpen && (_model.IsRead(item.Operation.Input) || (IsDead(_state) && IsDead(next)));

    private bool MayBeLeft(TState state) => _hints is null || IsDead(state) || !_hints.ComesOnce(state);

    /// <summary>Nobody is still to see that state.</summary>
    private bool IsDead(TState state) =>
        _hints is not null && _hints.Number(state) is var number && (number < 0 || _toBeSeen[number] == 0);

    private void Take(Entry entry, TState next, bool forced)
    {
        _taken.Add(new(entry, _state, forced));
        Lift(entry);
        _state = next;
    }

    /// <summary>Takes all that is forced.</summary>
    /// <returns>What may be tried next.</returns>
    private Entry? Advance()
    {
        for (var entry = _head.Next; entry?.Item is { } item; entry = entry.Next)
        {
            Steps++;
            if (IsRight(item, out var next) && IsForced(item, next))
            {
                Take(entry, next, forced: true);
                entry = _head;
            }
        }

        return _head.Next;
    }

    /// <summary>Undoes moves up to the last that was a choice.</summary>
    /// <returns>What to try instead; null when there was no choice.</returns>
    private Entry? Back()
    {
        while (_taken.Count > 0)
        {
            var move = _taken[^1];
            _taken.RemoveAt(_taken.Count - 1);
            PutBack(move.Entry);
            _state = move.Before;
            if (!move.Forced)
            {
                return move.Entry.Next;
            }
        }

        return null;
    }

    private void Lift(Entry call)
    {
        var item = call.Item!;
        item.IsTaken = true;
        _tried.Mark(item.Number, item.IsOpen, taken: true);
        call.Unlink();
        if (call.Return is { } end)
        {
            end.Unlink();
            _left--;
        }

        if (item.SeenBy >= 0)
        {
            _toBeSeen[item.SeenBy]--;
        }
    }

    private void PutBack(Entry call)
    {
        var item = call.Item!;
        item.IsTaken = false;
        _tried.Mark(item.Number, item.IsOpen, taken: false);
        if (call.Return is { } end)
        {
            end.Relink();
            _left++;
        }

        call.Relink();
        if (item.SeenBy >= 0)
        {
            _toBeSeen[item.SeenBy]++;
        }
    }

    private void RememberDeadEnd()
    {
        if (_taken.Count <= Deepest.Count && NoPlace.Count > 0)
        {
            return;
        }

        Deepest = [.. _taken.Select(move => move.Entry.Item!.Place)];
        StateThere = _state;
        IsStillToBeSeen = !MayBeLeft(_state);
        var noPlace = new List<int>();
        for (var entry = _head.Next; entry?.Item is { } item; entry = entry.Next)
        {
            if (!item.IsOpen)
            {
                noPlace.Add(item.Place);
            }
        }

        NoPlace = noPlace;
    }

    /// <summary>What needs a place or may get one, in the order of invocation.</summary>
    private List<Item> Items(IReadOnlyList<Operation<TInput, TOutput>> history)
    {
        var items = new List<Item>();
        var lastEqual = new Dictionary<TInput, Item>();
        var (closed, open) = (0, 0);
        foreach (var (place, operation) in history.Index().OrderBy(o => o.Item.Invoked).ThenBy(o => o.Index))
        {
            var latest = operation.Completed;
            if (latest is null)
            {
                latest = _model.IsRead(operation.Input) ? null
                    : _hints is null ? long.MaxValue
                    : _hints.Latest(operation);
                if (latest is null)
                {
                    continue;
                }
            }

            var isOpen = operation.Completed is null && latest == long.MaxValue;
            var item = new Item
            {
                Operation = operation,
                Place = place,
                Latest = latest.Value,
                IsOpen = isOpen,
                Number = isOpen ? open++ : closed++,
                SeenBy = operation.Completed is not null && _model.IsRead(operation.Input)
                    ? _hints?.SeenBy(operation) ?? -1
                    : -1,
                EqualBefore = isOpen ? lastEqual.GetValueOrDefault(operation.Input) : null,
            };
            items.Add(item);
            if (isOpen)
            {
                lastEqual[operation.Input] = item;
            }
        }

        return items;
    }

    /// <summary>Calls before returns at equal times: what might have overlapped is taken as overlapping.</summary>
    private void Link(List<Item> items)
    {
        var entries = new List<(long At, bool IsReturn, Entry Entry)>();
        foreach (var item in items)
        {
            var call = new Entry { Item = item };
            entries.Add((item.Operation.Invoked, false, call));
            if (!item.IsOpen)
            {
                entries.Add((item.Latest, true, call.Return = new()));
            }
        }

        var last = _head;
        foreach (var (_, _, entry) in entries.OrderBy(e => e.At).ThenBy(e => e.IsReturn))
        {
            last.Next = entry;
            entry.Previous = last;
            last = entry;
        }
    }

    private readonly record struct Move(Entry Entry, TState Before, bool Forced);

    private sealed class Item
    {
        public required Operation<TInput, TOutput> Operation { get; init; }

        /// <summary>In the history that was given.</summary>
        public required int Place { get; init; }

        public required long Latest { get; init; }

        /// <summary>It need not get a place at all.</summary>
        public required bool IsOpen { get; init; }

        /// <summary>Among the open ones, or among the others, by invocation.</summary>
        public required int Number { get; init; }

        /// <summary>For a read with a known answer: the number of the state that it saw; else -1.</summary>
        public required int SeenBy { get; init; }

        /// <summary>For an open one: the last equal one that was invoked before.</summary>
        public required Item? EqualBefore { get; init; }

        public bool IsTaken { get; set; }
    }

    /// <summary>A call (with its item) or a return, in the doubly linked list of what is left.</summary>
    private sealed class Entry
    {
        public Item? Item { get; init; }

        public Entry? Return { get; set; }

        public Entry? Previous { get; set; }

        public Entry? Next { get; set; }

        public void Unlink()
        {
            Previous!.Next = Next;
            Next?.Previous = Previous;
        }

        /// <summary>In the opposite order of <see cref="Unlink"/>, the neighbours are the same again.</summary>
        public void Relink()
        {
            Previous!.Next = this;
            Next?.Previous = this;
        }
    }
}
