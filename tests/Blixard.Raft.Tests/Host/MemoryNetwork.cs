using System.Collections.Concurrent;
using System.Threading.Channels;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Host;

/// <summary>Members in one process: messages arrive at once, or never on a cut link.</summary>
internal sealed class MemoryNetwork
{
    private readonly ConcurrentDictionary<MemberId, Port> _ports = [];
    private readonly ConcurrentDictionary<(MemberId From, MemberId To), bool> _cut = [];

    public IRaftTransport Plug(MemberId member, SnapshotStore snapshots) => new Port(this, member, snapshots);

    public void Isolate(MemberId member, IEnumerable<MemberId> all)
    {
        foreach (var other in all)
        {
            _cut[(member, other)] = _cut[(other, member)] = true;
        }
    }

    /// <summary>What one sends the other is lost.</summary>
    public void Cut(MemberId from, MemberId to) => _cut[(from, to)] = true;

    public void Heal() => _cut.Clear();

    /// <summary>While set, snapshots wait for it.</summary>
    public TaskCompletionSource? Gate { get; set; }

    /// <summary>Who had one waiting, and ended it.</summary>
    public Channel<MemberId> Ended { get; } = Channel.CreateUnbounded<MemberId>();

    /// <summary>Who has one waiting.</summary>
    public Channel<MemberId> Held { get; } = Channel.CreateUnbounded<MemberId>();

    private sealed class Port(MemoryNetwork network, MemberId self, SnapshotStore snapshots) : IRaftTransport
    {
        private ITransportEvents? _events;

        public void Start(ITransportEvents events)
        {
            _events = events;
            network._ports[self] = this;
        }

        public void Send(Message message)
        {
            if (Reach(message.To) is { } events)
            {
                events.Received(message);
            }
            else
            {
                _events?.Unreachable(message.To);
            }
        }

        public void Send(IReadOnlyList<Message> messages)
        {
            foreach (var message in messages)
            {
                Send(message);
            }
        }

        public async Task<SnapshotMeta> SendSnapshotAsync(
            InstallSnapshotRequest request, CancellationToken cancellationToken)
        {
            if (network.Gate is { } gate)
            {
                network.Held.Writer.TryWrite(self);
                try
                {
                    await gate.Task.WaitAsync(cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    network.Ended.Writer.TryWrite(self);
                    throw;
                }
            }

            using var file = snapshots.OpenForSending(request.Snapshot.Index)
                ?? throw new SnapshotTransferException("there is no such snapshot");
            if (!network._ports.TryGetValue(request.To, out var port) || Reach(request.To) is not { } events)
            {
                throw new SnapshotTransferException("the link is cut");
            }

            file.Verify();
            using var receiver = port.Snapshots.BeginReceive(file.Meta);
            await file.Content.CopyToAsync(receiver.Content, cancellationToken);
            receiver.Commit(file.Length, file.Checksum);
            events.SnapshotArrived(
                new(request.From, request.To, request.Term, file.Meta) { ToObserver = request.ToObserver });
            return file.Meta;
        }

        public ValueTask DisposeAsync()
        {
            network._ports.TryRemove(self, out _);
            return ValueTask.CompletedTask;
        }

        private SnapshotStore Snapshots => snapshots;

        private ITransportEvents? Reach(MemberId to) =>
            !network._cut.ContainsKey((self, to)) && network._ports.TryGetValue(to, out var port) ? port._events : null;
    }
}
