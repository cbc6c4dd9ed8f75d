using System.Threading.Channels;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>
/// Follows the journal on a thread of its own, with a journal object of its own: sd_journal_wait(3) blocks. What the
/// reader does not take waits in a bounded buffer; when that is full, lines are counted instead, so that a flood costs a
/// slow reader lines and not this process its memory.
/// </summary>
internal sealed class JournalFollower : IJournalFollower
{
    /// <summary>Lines that wait for the reader, of at most 4 KiB each.</summary>
    internal const int Buffered = 1024;

    /// <summary>How long the thread may take to notice that it is to end.</summary>
    private const ulong WaitMicroseconds = 250_000;

    private readonly JournalHandle _journal;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<FollowedJournal> _events = Channel.CreateBounded<FollowedJournal>(
        new BoundedChannelOptions(Buffered) { SingleReader = true, SingleWriter = true });
    private int _leftOut;
    private int _damaged;
    private int _damagedInARow;

    private JournalFollower(JournalHandle journal) => _journal = journal;

    public ChannelReader<FollowedJournal> Events => _events.Reader;

    /// <summary>Lines that were left out since the reader was last told of such.</summary>
    internal int LeftOut => Volatile.Read(ref _leftOut);

    /// <inheritdoc cref="IJournalFollowing.Follow"/>
    public static JournalFollower Start(JournalFiles files, JournalQuery query)
    {
        var journal = files.Open();
        try
        {
            JournalMatches.Apply(journal, query);
            files.RequireReadable(journal);
            var follower = new JournalFollower(journal);
            var begin = follower.Seek(query);
            new Thread(() => follower.Run(begin, query)) { IsBackground = true, Name = "journal follower" }.Start();
            return follower;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ended.Task;
        _stop.Dispose();
    }

    /// <summary>
    /// Goes to where the next step lands on the first line that is wanted, or to the cursor that the first step may land
    /// on once more: then it is returned.
    /// </summary>
    private string? Seek(JournalQuery query)
    {
        if (query.After is { } cursor)
        {
            JournalEntries.Seek(_journal, cursor);
            return cursor;
        }

        JournalReader.Check(LibSystemdJournal.sd_journal_seek_tail(_journal), "go to the end of the journal");
        for (var back = 0; back <= query.Limit; back++)
        {
            if (!JournalEntries.Step(_journal, forward: false, Skip, CancellationToken.None))
            {
                // Fewer than wanted, or none: all there are, and all that come. From the tail itself no step leads on.
                JournalReader.Check(LibSystemdJournal.sd_journal_seek_head(_journal), "go to the journal's beginning");
                return null;
            }

            if (query.Since is { } since && JournalEntries.Time(_journal) < since)
            {
                return null;
            }
        }

        return null;
    }

    private void Run(string? cursor, JournalQuery query)
    {
        Exception? failure = null;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                ReadOn(ref cursor, query.Since);
                Tell(line: null);
                JournalReader.Check(
                    LibSystemdJournal.sd_journal_wait(_journal, WaitMicroseconds), "wait for changes of the journal");
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (JournalUnavailableException e)
        {
            failure = e;
        }
        finally
        {
            _journal.Dispose();
            _events.Writer.TryComplete(failure);
            _ended.SetResult();
        }
    }

    /// <summary>All that there is now.</summary>
    private void ReadOn(ref string? cursor, DateTimeOffset? since)
    {
        while (JournalEntries.Step(_journal, forward: true, Skip, _stop.Token))
        {
            _damagedInARow = 0;
            if (cursor is not null && JournalEntries.IsAt(_journal, cursor))
            {
                cursor = null;
                continue;
            }

            cursor = null;
            if (since is { } oldest && JournalEntries.Time(_journal) < oldest)
            {
                continue;
            }

            // Once lines are left out, half of the buffer must be free again: one gap instead of many.
            if (_leftOut > 0 && _events.Reader.Count > Buffered / 2)
            {
                _leftOut++;
                continue;
            }

            if (!Tell(JournalEntries.Line(_journal)))
            {
                _leftOut++;
            }
        }
    }

    /// <summary>What was passed over first. False if there is no room.</summary>
    private bool Tell(JournalLine? line)
    {
        var writer = _events.Writer;
        if (_damaged > 0 && writer.TryWrite(new LinesDamaged(_damaged)))
        {
            _damaged = 0;
        }

        if (_leftOut > 0)
        {
            if (!writer.TryWrite(new LinesLeftOut(_leftOut)))
            {
                return false;
            }

            _leftOut = 0;
        }

        return line is null || writer.TryWrite(new FollowedLine(line));
    }

    private bool Skip()
    {
        _damaged++;
        return ++_damagedInARow < JournalReader.MaxCount;
    }
}
