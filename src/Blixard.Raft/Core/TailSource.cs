namespace Blixard.Raft.Core;

/// <summary>
/// What a member does for the observers that ask it (<see cref="Tail"/>): sends them committed entries as they are
/// committed, several requests ahead of their answers, or a snapshot where the entries are gone. Who does not ask again
/// for a while is forgotten.
/// </summary>
internal sealed class TailSource(MemberState state)
{
    private readonly SortedDictionary<MemberId, Observer> _observers = [];

    /// <summary>Something is to be sent at the next <see cref="Flush"/>.</summary>
    public bool HasWork
    {
        get
        {
            // Asked after every input, and walking a sorted dictionary costs objects.
            if (_observers.Count == 0)
            {
                return false;
            }

            foreach (var observer in _observers.Values)
            {
                if (MustTell(observer) || CanSend(observer))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The last index that no observer lacks; none: they lack nothing.</summary>
    public ulong Held
    {
        get
        {
            var held = ulong.MaxValue;
            foreach (var observer in _observers.Values)
            {
                held = Math.Min(held, observer.AwaitsSnapshot ? observer.SnapshotIndex : observer.Has);
            }

            return held;
        }
    }

    public void Tick()
    {
        if (_observers.Count == 0)
        {
            return;
        }

        foreach (var (member, observer) in _observers.ToArray())
        {
            observer.IsUnreachable = false;
            if (--observer.TicksLeft <= 0)
            {
                _observers.Remove(member);
            }
        }
    }

    public void Receive(TailRequest request)
    {
        if (!_observers.TryGetValue(request.From, out var observer))
        {
            if (_observers.Count >= state.Options.MaxObservers)
            {
                // It hears nothing, and turns to another.
                return;
            }

            observer = new(request.From);
            observer.Rewind(request.After);
            _observers.Add(request.From, observer);
        }

        observer.IsUnreachable = false;
        observer.NeedsSnapshot = request.NeedsSnapshot;
        observer.TicksLeft = 4 * state.Options.ElectionTicks;
        observer.IsOwedAnswer |= observer.Asked(request.After, request.Rewind);
        if (request.NeedsSnapshot || request.After < state.Log.FirstIndex - 1)
        {
            SendSnapshot(observer);
            observer.IsOwedAnswer = true;
        }
        else if (request.After <= state.Log.Commit && !state.Log.Matches(request.After, request.AfterTerm))
        {
            // One of us has a log that is not this cluster's. The answer says what stands there here, and lets the
            // observer judge: a member does not stop because of what an observer says.
            state.Send(Answer(observer, request.After, []));
            _observers.Remove(request.From);
        }
    }

    /// <summary>The snapshot on its way there arrived, and covers the log through that index; null: it did not.</summary>
    public void SnapshotEnded(MemberId member, ulong? index)
    {
        if (_observers.TryGetValue(member, out var observer) && observer.AwaitsSnapshot)
        {
            observer.AwaitsSnapshot = false;
            observer.Rewind(Math.Max(observer.Has, index ?? 0));
        }
    }

    /// <summary>
    /// Messages to it were lost. They are sent again with the next tick, or when it asks: at once, each message lost of
    /// a window would bring forth a whole window, of which some are lost again.
    /// </summary>
    public void Unreachable(MemberId member)
    {
        if (_observers.TryGetValue(member, out var observer))
        {
            observer.Rewind(observer.Has);
            observer.IsUnreachable = true;
        }
    }

    public void Flush()
    {
        if (_observers.Count == 0)
        {
            return;
        }

        foreach (var observer in _observers.Values)
        {
            while (CanSend(observer))
            {
                if (state.Log.TermAt(observer.Next - 1) is null)
                {
                    SendSnapshot(observer);
                    break;
                }

                var (entries, bytes) = state.Log.Portion(
                    observer.Next, Last, state.Options.MaxAppendEntries, state.Options.MaxAppendBytes);
                state.Send(Answer(observer, observer.Next - 1, entries));
                observer.Sent(entries.Length, bytes);
            }

            if (MustTell(observer))
            {
                // Nothing new, but a sign of life, and who leads.
                state.Send(Answer(observer, state.Log.Commit, []));
            }
        }
    }

    /// <summary>The last entry that observers may have.</summary>
    private ulong Last =>
#if MUTANTS
        Planted.Is(Mutant.ObserverSentUncommitted) ? state.Log.LastIndex :
#endif
        state.Log.Commit;

    private bool CanSend(Observer observer) =>
        observer is { AwaitsSnapshot: false, NeedsSnapshot: false, IsUnreachable: false }
        && observer.Next <= Last
        && observer.HasRoom(state.Options);

    private bool MustTell(Observer observer) =>
        observer.IsOwedAnswer || observer.ToldLeader != state.Leader || observer.ToldTerm != state.Term;

    private TailResponse Answer(Observer observer, ulong previous, LogEntry[] entries)
    {
        (observer.ToldLeader, observer.ToldTerm, observer.IsOwedAnswer) = (state.Leader, state.Term, false);
        return new(
            state.Options.Self,
            observer.Member,
            state.Term,
            state.Leader,
            Last,
            previous,
            state.Log.TermAt(previous) ?? 0,
            entries);
    }

    private void SendSnapshot(Observer observer)
    {
        if (!observer.AwaitsSnapshot)
        {
            (observer.AwaitsSnapshot, observer.SnapshotIndex) = (true, state.Log.Snapshot.Index);
            var request = new InstallSnapshotRequest(
                state.Options.Self, observer.Member, state.Term, state.Log.Snapshot);
            state.Send(request with { ToObserver = true });
        }
    }

    /// <summary>What is known of one of them.</summary>
    private sealed class Observer(MemberId member)
    {
        private readonly Queue<(ulong LastIndex, long Bytes)> _flights = new();
        private long _flightBytes;
        private bool _stoodStill;

        public MemberId Member => member;

        /// <summary>Next index to send.</summary>
        public ulong Next { get; private set; }

        /// <summary>It has everything up to here.</summary>
        public ulong Has { get; private set; }

        public int TicksLeft { get; set; }

        /// <summary>Something sent to it was lost, and nothing was heard of it since, nor a tick.</summary>
        public bool IsUnreachable { get; set; }

        /// <summary>One is on its way.</summary>
        public bool AwaitsSnapshot { get; set; }

        /// <summary>Without one, entries are of no use to it.</summary>
        public bool NeedsSnapshot { get; set; }

        public ulong SnapshotIndex { get; set; }

        public bool IsOwedAnswer { get; set; }

        public MemberId ToldLeader { get; set; }

        public ulong ToldTerm { get; set; }

        public bool HasRoom(RaftOptions options) =>
            _flights.Count < options.MaxInflightRequests && _flightBytes < options.MaxInflightBytes;

        /// <summary>True: it waits for a sign of life.</summary>
        public bool Asked(ulong after, bool rewind)
        {
            var isNews = after > Has;
            Has = after;
            while (_flights.TryPeek(out var flight) && flight.LastIndex <= after)
            {
                _flights.Dequeue();
                _flightBytes -= flight.Bytes;
            }

            // Twice without news, though something is on the way: it was lost, and nothing after it says so.
            var isLost = !isNews && _stoodStill && _flights.Count > 0;
            _stoodStill = !isNews && !isLost;
            if (rewind || isLost || after >= Next)
            {
                Rewind(after);
            }

            return !isNews;
        }

        public void Rewind(ulong after)
        {
            Has = after;
            Next = after + 1;
            _flights.Clear();
            _flightBytes = 0;
        }

        public void Sent(int entries, long bytes)
        {
            Next += (ulong)entries;
            _flights.Enqueue((Next - 1, bytes));
            _flightBytes += bytes;
        }
    }
}
