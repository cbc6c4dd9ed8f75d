namespace Blixard.Systemd.Journal;

/// <summary>Collects what a read finds, within its limits.</summary>
internal sealed class PageBuilder(JournalQuery query)
{
    private readonly List<JournalLine> _lines = [];
    private int _count;
    private int _unreadable;

    public bool WantsLine => _lines.Count < query.Limit;

    public bool IsFull => _count >= JournalReader.MaxCount;

    public void Count() => _count++;

    public void Add(JournalLine line)
    {
        _lines.Add(line);
        _count++;
    }

    /// <summary>False when there is so much damage that going on makes no sense.</summary>
    public bool SkipUnreadable() => ++_unreadable < JournalReader.MaxCount;

    public JournalPage Build(bool newestFirst)
    {
        if (newestFirst)
        {
            _lines.Reverse();
        }

        return new(_lines, _count, !IsFull, _unreadable);
    }
}
