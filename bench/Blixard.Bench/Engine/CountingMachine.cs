using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Bench.Engine;

/// <summary>A state machine that costs nothing: says which index was applied, to whoever waits for it.</summary>
internal sealed class CountingMachine : IStateMachine
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, TaskCompletionSource> _waiting = [];
    private ulong _applied;

    public Task AppliedAsync(ulong index)
    {
        lock (_gate)
        {
            if (_applied >= index)
            {
                return Task.CompletedTask;
            }

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(index, waiting);
            return waiting.Task;
        }
    }

    public void Apply(IReadOnlyList<LogEntry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                _applied = entry.Index;
                if (_waiting.Remove(entry.Index, out var waiting))
                {
                    waiting.SetResult();
                }
            }
        }
    }

    public ulong? Digest => null;

    public Action<Stream> CaptureSnapshot()
    {
        var applied = _applied;
        return stream => stream.Write(BitConverter.GetBytes(applied));
    }

    public void Restore(SnapshotMeta meta, Stream snapshot)
    {
        lock (_gate)
        {
            _applied = meta.Index;
        }
    }
}
