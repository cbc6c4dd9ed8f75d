using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Host;

/// <summary>Keeps every command as a line of text; its snapshot is the lines.</summary>
internal sealed class TextMachine : IStateMachine
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private string? _refused;
    private ulong _flaw;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Restores { get; private set; }

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>From now on this command can't be applied.</summary>
    public void RefuseFrom(string command) => Volatile.Write(ref _refused, command);

    public void Apply(IReadOnlyList<LogEntry> entries)
    {
        var commands = entries
            .Where(e => e.Kind == EntryKind.Command)
            .Select(e => Encoding.UTF8.GetString(e.Data.Span))
            .ToArray();
        if (commands.Contains(Volatile.Read(ref _refused)))
        {
            throw new InvalidOperationException("this can't be applied");
        }

        Change(lines => lines.AddRange(commands));
    }

    public ulong? Digest
    {
        get
        {
            ulong digest = Volatile.Read(ref _flaw);
            foreach (var line in Lines)
            {
                digest = (digest * 31) + Crc32C.Of(Encoding.UTF8.GetBytes(line));
            }

            return digest;
        }
    }

    /// <summary>From now on this machine's state is not what the log made of it.</summary>
    public void Diverge() => Volatile.Write(ref _flaw, 1);

    public Action<Stream> CaptureSnapshot()
    {
        var text = string.Join('\n', Lines);
        return stream => stream.Write(Encoding.UTF8.GetBytes(text));
    }

    public void Restore(SnapshotMeta meta, Stream snapshot)
    {
        using var reader = new StreamReader(snapshot);
        var text = reader.ReadToEnd();
        Restores++;
        Change(lines =>
        {
            lines.Clear();
            lines.AddRange(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        });
    }

    public async Task UntilAsync(Func<IReadOnlyList<string>, bool> holds, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (holds(_lines))
                {
                    return;
                }

                news = _news.Task;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    private void Change(Action<List<string>> change)
    {
        lock (_gate)
        {
            change(_lines);
            _news.TrySetResult();
            _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
