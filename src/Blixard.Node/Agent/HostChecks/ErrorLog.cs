using System.Collections.Immutable;
using System.Text;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd.Journal;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// The errors of the last hour of each VM's unit: of the newest <see cref="Kept"/> the times, of the newest
/// <see cref="CommandValidator.MaxJournalLines"/> the text. Written by <see cref="ErrorWatch"/>, read by anyone. Units
/// that are no VM's have no place in it.
/// </summary>
internal sealed class ErrorLog(UserIds users, TimeProvider time)
{
    public const int Kept = 100;

    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    // A name that nobody would choose 10,000 times; whoever forges that many is not remembered at all.
    private const int MaxUnits = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Unit, uint? UserId), Ring> _units = [];
    private DateTimeOffset? _passedOver;
    private DateTimeOffset? _missing;
    private bool _unread = true;
    private string? _trouble = "the journal has not been read yet";

    public void Add(ErrorBatch batch)
    {
        var since = time.GetUtcNow() - Window;
        lock (_gate)
        {
            (_unread, _trouble) = (false, null);
            if (batch.PassedOver)
            {
                Miss();
            }

            foreach (var line in batch.Lines)
            {
                if (line.Time >= since)
                {
                    RingOf(line)?.Add(line);
                }
            }
        }
    }

    /// <summary>What of the last hour nobody has looked at, since when, and why; null: nothing.</summary>
    public (DateTimeOffset Since, string Reason)? Missing
    {
        get
        {
            lock (_gate)
            {
                return _missing is { } since && _passedOver > time.GetUtcNow() - Window
                    ? (since, _trouble ?? "more errors came than are looked at: counts of the last hour are least ones")
                    : null;
            }
        }
    }

    /// <summary>The journal can't be read: nothing is known of what comes from now on.</summary>
    public void Lost(string reason)
    {
        lock (_gate)
        {
            (_unread, _trouble) = (false, reason);
            Miss();
        }
    }

    public ErrorCount Of(AgentVm vm)
    {
        var since = time.GetUtcNow() - Window;
        var user = users.Of(vm.Bus);
        if (user is null && vm.Scope == UnitScope.User)
        {
            return new(0, AtLeast: true, 0, [], $"nobody knows the {vm.Bus} yet", Unread: false);
        }

        lock (_gate)
        {
            var ring = _units.GetValueOrDefault((vm.Unit, user));
            var count = ring?.CountSince(since) ?? 0;
            return new(
                count,
                AtLeast: _passedOver > since || (count == Kept && ring!.Overflowed(since)),
                ring?.Total ?? 0,
                ring?.Newest(since) ?? [],
                _trouble,
                _unread);
        }
    }

    /// <summary>Lets go of units without an error in the last hour.</summary>
    public void Forget()
    {
        var since = time.GetUtcNow() - Window;
        lock (_gate)
        {
            foreach (var unit in _units.Where(unit => unit.Value.CountSince(since) == 0).Select(unit => unit.Key).ToArray())
            {
                _units.Remove(unit);
            }
        }
    }

    private void Miss()
    {
        var now = time.GetUtcNow();
        _missing = _passedOver > now - Window ? _missing : now;
        _passedOver = now;
    }

    private Ring? RingOf(UnitErrorLine line)
    {
        var key = (line.Unit, line.UserId);
        if (!_units.TryGetValue(key, out var ring) && _units.Count < MaxUnits)
        {
            _units.Add(key, ring = new());
        }

        return ring;
    }

    private sealed class Ring
    {
        private readonly Queue<DateTimeOffset> _times = new();
        private ImmutableArray<ErrorLine> _newest = [];
        private DateTimeOffset? _dropped;

        /// <summary>Since the ring was made.</summary>
        public long Total { get; private set; }

        public void Add(UnitErrorLine line)
        {
            Total++;
            if (_times.Count == Kept)
            {
                _dropped = _times.Dequeue();
            }

            _times.Enqueue(line.Time);
            _newest = (_newest.Length < CommandValidator.MaxJournalLines ? _newest : _newest.RemoveAt(0)).Add(new(
                line.Time.ToUnixTimeMilliseconds(), (uint)Math.Clamp(line.Priority, 0, 7), Shown(line.Message)));
        }

        public int CountSince(DateTimeOffset since)
        {
            while (_times.TryPeek(out var oldest) && oldest < since)
            {
                _times.Dequeue();
            }

            return _times.Count;
        }

        public bool Overflowed(DateTimeOffset since) => _dropped >= since;

        public ImmutableArray<ErrorLine> Newest(DateTimeOffset since)
        {
            var oldest = since.ToUnixTimeMilliseconds();
            return _newest.RemoveAll(line => line.Time < oldest);
        }

        /// <summary>Without control characters, cut between two characters.</summary>
        private static string Shown(string message)
        {
            var shown = new StringBuilder();
            var bytes = 0;
            foreach (var rune in message.EnumerateRunes())
            {
                bytes += rune.Utf8SequenceLength;
                if (bytes > CommandValidator.MaxJournalLineBytes)
                {
                    break;
                }

                shown.Append(Rune.IsControl(rune) ? " " : rune.ToString());
            }

            return shown.ToString();
        }
    }
}

/// <summary>Errors of a unit.</summary>
/// <param name="Count">In the last hour, at most <see cref="ErrorLog.Kept"/>.</param>
/// <param name="AtLeast">There were more, or lines that nobody looked at.</param>
/// <param name="Total">As long as it is remembered: its growth is a rate.</param>
/// <param name="Newest">Of the last hour, oldest first.</param>
/// <param name="Trouble">Why the journal can't be read; null if it can.</param>
/// <param name="Unread">Nobody has tried yet.</param>
internal readonly record struct ErrorCount(
    int Count, bool AtLeast, long Total, ImmutableArray<ErrorLine> Newest, string? Trouble, bool Unread);
