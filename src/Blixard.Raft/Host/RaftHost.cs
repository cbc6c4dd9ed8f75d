using System.Collections.Immutable;
using System.Threading.Channels;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Host;

/// <summary>
/// One running member: the core, its log and snapshots on disk, its peers, its clock, and the state machine it feeds.
/// A single loop owns the core; everything else posts to the loop's channel. Whatever the disk or the state machine
/// throws ends the member: <see cref="Completion"/> faults and the process must exit.
/// </summary>
public sealed partial class RaftHost : IAsyncDisposable, ITransportEvents
{
    // Enough to share a sync and a request, few enough that a tick is not kept waiting.
    private const int MaxEventsPerTurn = 2048;

    // What may wait for the loop: of peers, some leaders' full windows; of this member's own clients, some seconds' worth.
    private const int MaxWaitingMessages = 16_384;
    private const long MaxWaitingMessageBytes = 128 << 20;
    private const int MaxWaitingProposals = 16_384;
    private const long MaxWaitingProposalBytes = 64 << 20;

    private readonly RaftHostOptions _options;
    private readonly IRaftTransport _transport;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RaftMetrics _metrics;
    private readonly RaftNode _core;
    private readonly WriteAheadLog _log;
    private readonly PersistWorker _persist;
    private readonly Scrubber _scrubber;
    private readonly ApplyWorker _apply;
    private readonly ReadBarrier _reads;
    private readonly PendingChanges _changes;
    private readonly Channel<HostEvent> _events = Channel.CreateUnbounded<HostEvent>(new() { SingleReader = true });
    private readonly InboxBounds _messageBounds = new(MaxWaitingMessages, MaxWaitingMessageBytes);
    private readonly InboxBounds _proposalBounds = new(MaxWaitingProposals, MaxWaitingProposalBytes);
    private readonly ForwardedProposals _forwarded = new((ulong)Random.Shared.NextInt64(1, long.MaxValue));
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SnapshotDispatch _snapshots;
    private readonly StateDigests _digests;
    private readonly LeaderQuestions _questions;

    private readonly List<Message> _sending = [];
    private RaftStatus _status;

    // What LeadershipChanged told last; apart from the status, which every tick renews.
    private RaftStatus _announced;
    private Task _running = Task.CompletedTask;
    private long _ticks;
    private bool _isRepairing;
    private long _freeBytes = long.MaxValue;

    // The newest snapshot of a leader, and the batch with which the log notes it.
    private (ulong Batch, ulong Index) _received;

    /// <summary>Recovers this member from its disk and restores the state machine from the newest snapshot.</summary>
    /// <param name="time">
    /// Of the ticks; its timestamps should go on while the machine is suspended (<see cref="BootTime"/>).
    /// </param>
    /// <exception cref="SnapshotCorruptException">No snapshot is whole, and nobody else could send one.</exception>
    public RaftHost(
        RaftHostOptions options,
        WriteAheadLog log,
        RestoredState recovered,
        SnapshotStore snapshots,
        IStateMachine stateMachine,
        IRaftTransport transport,
        RaftMetrics metrics,
        TimeProvider time,
        ILogger<RaftHost> logger)
    {
        (_options, _log, _transport, _metrics, _time, _logger) = (options, log, transport, metrics, time, logger);
        LogRecovered(log.Recovery.Segments, log.Recovery.Batches, recovered.HardState.Term);
        var restored = Recovery.Restore(options, log, recovered, snapshots, stateMachine);
        _core = new(options.Core, restored);
        _persist = new(log, transport, Post, metrics, new(options.ReserveBytes), logger);
        _apply = new(options, stateMachine, snapshots, Post, restored.Snapshot, logger);
        _digests = new(options.Core.Self, transport, metrics, logger);
        _questions = new(options.Core.Self, transport, () => Volatile.Read(ref _status!), _stopping.Token);
        _snapshots = new(transport, Post, options.SnapshotRetry, time, logger);
        _reads = new(
            _core,
            first: (ulong)Random.Shared.NextInt64(1, long.MaxValue),
            retryTicks: options.Core.ElectionTicks,
            timeoutTicks: (int)Math.Ceiling(options.ReadTimeout / options.Tick));
        _changes = new(_core, options.Core.ElectionTicks);
        _scrubber = new(new(log, snapshots), options, time, Post, metrics, logger);
        _isRepairing = _core.IsRepairing;
        _status = _announced = ReadStatus();
        if (_status.Repair is { } repair)
        {
            LogRepairing(repair.Through, repair.Term, _core.LastIndex);
        }
    }

    /// <summary>The newest status; any thread may read it.</summary>
    public RaftStatus Status => Volatile.Read(ref _status) with { Applied = _apply.Applied };

    /// <summary>Ticks that the loop has handled: stands still when the loop does, for watchdogs.</summary>
    public long Ticks => Volatile.Read(ref _ticks);

    /// <summary>Role, leader, term or the configuration in force changed. Raised on the loop: handlers must return at once.</summary>
    public event Action<RaftStatus>? LeadershipChanged;

    /// <summary>Completes when the member was stopped, faults when it had to stop.</summary>
    public Task Completion => _completion.Task;

    public void Start()
    {
        _transport.Start(this);
        _running = RunAsync();
    }

    /// <summary>
    /// Returns when the command is in the leader's own log, or on its way to the leader: not when it is committed.
    /// </summary>
    public Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        ProposeAsync(command, null, cancellationToken);

    /// <summary>
    /// The same; <paramref name="answer"/> is told, at once or later. <paramref name="command"/> must not change.
    /// </summary>
    public void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer) =>
        Enqueue(new ProposalMade(command, null, answer));

    /// <summary>
    /// For decisions that hold only while this member leads in <paramref name="term"/>; never forwarded.
    /// </summary>
    public Task<ProposeResult> ProposeAsLeaderAsync(
        ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken) =>
        ProposeAsync(command, term, cancellationToken);

    /// <summary>
    /// An index that a read must wait to be applied for in order to be linearizable.
    /// </summary>
    /// <exception cref="NoLeaderException">None confirmed it within the read timeout.</exception>
    public Task<ulong> ReadIndexAsync(CancellationToken cancellationToken)
    {
        // Many are answered at once, and not on the loop: ReadBarrier.
        var answer = new TaskCompletionSource<ulong>();
        Post(new ReadAsked(answer));
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Who answers, as leader, what members ask with <see cref="AskLeaderAsync"/>; null: nobody.</summary>
    public ILeaderOffice? LeaderOffice
    {
        get => _questions.Office;
        set => _questions.Office = value;
    }

    /// <summary>
    /// Asks the leader something beside the log, through <paramref name="via"/> or directly. No answer is promised; the
    /// question may be asked again, and may be answered twice.
    /// </summary>
    /// <param name="question">At most <see cref="Question.MaxBytes"/>.</param>
    /// <param name="via">The member that is asked, and passes it on if it does not lead; none: the leader itself.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="NoLeaderException">There is nobody to ask.</exception>
    public Task<ReadOnlyMemory<byte>> AskLeaderAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(question.Length, Question.MaxBytes);
        return _questions.AskAsync(question, via, cancellationToken);
    }

    /// <summary>
    /// Hands leadership to <paramref name="target"/>, or to the voter that lacks least, so that an orderly stop costs
    /// no election timeout. Completes when another leads or the attempt was given up, an election timeout later;
    /// meanwhile proposals and reads are refused here. Cancelling gives up waiting, not the transfer.
    /// </summary>
    public Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<LeadershipTransfer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new TransferAsked(target, answer));
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Makes <paramref name="target"/> the configuration, as leader of <paramref name="onlyInTerm"/> and never through
    /// another member. Completes when it is committed, a joint configuration in between left; when it was refused; or
    /// when this member stopped leading before the end. Cancelling gives up waiting, not the change.
    /// </summary>
    public Task<MembershipResult> ChangeMembersAsync(
        Configuration target, ulong onlyInTerm, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<MembershipResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new MembersAsked(target, onlyInTerm, answer));
        return answer.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _transport.DisposeAsync();
        _log.Dispose();
        _snapshots.Dispose();
        _stopping.Dispose();
    }

    void ITransportEvents.Received(Message message)
    {
        // Beside the loop, which has no part in them.
        switch (message)
        {
            case Question question:
                _questions.Receive(question);
                return;
            case Answer answer:
                _questions.Receive(answer);
                return;
        }

        var bytes = MessageCodec.PayloadBytes(message);
        if (_messageBounds.TryEnter(bytes))
        {
            Post(new MessageCame(message, bytes));
            return;
        }

        // Peers make up for a message that is lost; for a proposal its maker can only wait.
        _metrics.MessageDropped();
        if (message is ForwardProposals forwarded)
        {
            RefuseForward(forwarded, ProposeStatus.Overloaded);
        }
    }

    void ITransportEvents.Unreachable(MemberId peer) => Post(new PeerUnreachable(peer));

    void ITransportEvents.Disconnected(MemberId peer) => Post(new PeerDisconnected(peer));

    void ITransportEvents.SnapshotArrived(SnapshotReceived received) => Post(new MessageCame(received));

    void ITransportEvents.StorageFailed(StorageFailedException failure) => Post(new MemberFailed(failure));

    private void Enqueue(ProposalMade proposal)
    {
        if (_proposalBounds.TryEnter(proposal.Command.Length))
        {
            Post(proposal);
        }
        else
        {
            _metrics.Proposed(ProposeStatus.Overloaded);
            proposal.Answer.Handed(new(ProposeStatus.Overloaded, 0, 0));
        }
    }

    private void RefuseForward(ForwardProposals forwarded, ProposeStatus status)
    {
        if (forwarded.FirstContext != 0)
        {
            _transport.Send(new ForwardRefused(
                forwarded.To, forwarded.From, forwarded.Term, status, forwarded.FirstContext, (uint)forwarded.Data.Count));
        }
    }

    private void Post(HostEvent happened)
    {
        if (!_events.Writer.TryWrite(happened))
        {
            Refuse(happened);
        }
    }

    private Task<ProposeResult> ProposeAsync(
        ReadOnlyMemory<byte> command, ulong? onlyInTerm, CancellationToken cancellationToken)
    {
        var answer = new AwaitedProposal();
        Enqueue(new ProposalMade(command, onlyInTerm, answer));
        return answer.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        var persisting = _persist.RunAsync();
        var applying = _apply.RunAsync();
        var ticking = TickAsync();
        var scrubbing = _scrubber.RunAsync(_stopping.Token);
        try
        {
            var looping = LoopAsync();
            await await Task.WhenAny(looping, persisting, applying);
        }
        catch (Exception e)
        {
            LogStopped(e, _options.Core.Self);
            _completion.TrySetException(e);
        }

        await _stopping.CancelAsync();
        _snapshots.StopAll();
        _events.Writer.TryComplete();
        _persist.Complete();
        _apply.Complete();
        await Task.WhenAll(persisting, applying, ticking, scrubbing)
            .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        while (_events.Reader.TryRead(out var left))
        {
            if (left is ReadAsked(var read))
            {
                _reads.Add(read);
            }
            else
            {
                Refuse(left);
            }
        }

        _reads.FailAll("this node is stopping");
        _changes.FailAll();
        _completion.TrySetResult();
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(_options.Tick, _time);
        var clock = new TickClock(_time, _options.Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                var missed = clock.Missed();
                Post(missed == 0 ? TickPassed.InTime : new(missed));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task LoopAsync()
    {
        var reader = _events.Reader;
        Drive();
        try
        {
            while (await reader.WaitToReadAsync(_stopping.Token))
            {
                for (var i = 0; i < MaxEventsPerTurn && reader.TryRead(out var happened); i++)
                {
                    Handle(happened);
                }

                _reads.Flush();
                Drive();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Handle(HostEvent happened)
    {
        switch (happened)
        {
            case TickPassed(var missed):
                Volatile.Write(ref _ticks, _ticks + 1);
                if (missed > 0)
                {
                    LogTicksMissed(missed * _options.Tick.TotalMilliseconds);
                    _core.TicksMissed(missed);
                }

                _core.Tick();
                _reads.Tick();
                _changes.Tick();
                Volatile.Write(ref _status, ReadStatus());
                break;
            case MessageCame(var message, var bytes):
                if (bytes is { } counted)
                {
                    _messageBounds.Leave(counted);
                }

                Step(message);
                break;
            case StateDigested(var index, var entryTerm, var digest):
                _digests.Applied(index, entryTerm, digest, _core);
                break;
            case ProposalMade proposal:
                _proposalBounds.Leave(proposal.Command.Length);
                var handed = Propose(proposal);
                _metrics.Proposed(handed.Status);
                proposal.Answer.Handed(handed);
                break;
            case ReadAsked(var answer):
                _reads.Add(answer);
                break;
            case BatchPersisted(var batch):
                _core.Persisted(batch);
                if (_received.Index > 0 && batch >= _received.Batch)
                {
                    _apply.Prune(_received.Index);
                    _received = default;
                }

                break;
            case SpaceChecked(var free, var low):
                _freeBytes = free;
                _core.SetStorageLow(low);
                Volatile.Write(ref _status, ReadStatus());
                break;
            case SnapshotSaved(var snapshot):
                Compact(snapshot);
                break;
            case SnapshotSent sent:
                _snapshots.Ended(sent.Peer);
                if (sent.Delivered)
                {
                    _core.SnapshotDelivered(sent.Peer, sent.Index);
                }
                else
                {
                    _core.SnapshotFailed(sent.Peer);
                }

                break;
            case SnapshotWanted:
                _apply.TakeSnapshot();
                break;
            case MemberFailed(var error):
                throw error;
            case PeerDisconnected(var peer):
                _core.Disconnected(peer);
                break;
            case PeerUnreachable(var peer):
                _core.Unreachable(peer);
                break;
            case TransferAsked transfer:
                _changes.Begin(transfer);
                break;
            case MembersAsked members:
                _changes.Begin(members);
                break;
        }
    }

    /// <summary>Does what the core wants done, until it wants nothing.</summary>
    private void Drive()
    {
        while (_core.HasReady)
        {
            var ready = _core.TakeReady();

            // Before our own disk has them: a leader sends while it writes (thesis 10.2.1).
            foreach (var message in ready.Messages)
            {
                if (message is InstallSnapshotRequest request)
                {
                    if (request.Snapshot.Index == 0)
                    {
                        _apply.TakeSnapshot();
                    }

                    _snapshots.Send(request);
                }
                else
                {
                    _sending.Add(message);
                }
            }

            _transport.Send(_sending);
            _sending.Clear();

            if (ready.Batch != 0)
            {
                _persist.Persist(ready);
            }

            if (ready.Snapshot is { } received)
            {
                _received = (ready.Batch, received.Index);
            }

            _apply.Enqueue(ready.Snapshot, ready.Committed);
            foreach (var read in ready.Reads)
            {
                _reads.Confirmed(read);
            }

            foreach (var context in ready.DroppedReads)
            {
                _reads.Dropped(context);
            }
        }

        _snapshots.EndUnwanted(_core.Term, _core.Role == RaftRole.Leader, _core.Configuration);
        if (_announced.Role != _core.Role || _announced.Leader != _core.Leader || _announced.Term != _core.Term
            || _announced.CanServe != _core.LeadsWithCommit
            || !ReferenceEquals(_announced.Configuration, _core.Configuration))
        {
            Announce();
        }

        if (_isRepairing && !_core.IsRepairing)
        {
            _isRepairing = false;
            _persist.EndRepair();
            Volatile.Write(ref _status, ReadStatus());
            LogRepaired(_core.Commit, _core.Term);
        }

        _changes.Check();
    }

    private void Announce()
    {
        var before = _announced;
        var status = ReadStatus();
        _announced = status;
        Volatile.Write(ref _status, status);
        if (before.Leader != status.Leader)
        {
            _metrics.LeaderChanged();
            if (status.Leader.IsNone)
            {
                LogNoLeader(before.Leader, status.Term, status.Role);
            }
            else
            {
                LogLeader(status.Leader, status.Term, status.Role);
            }
        }

        LeadershipChanged?.Invoke(status);
    }

    private ProposeResult Propose(ProposalMade proposal)
    {
        if (LagsInApplying)
        {
            return new(ProposeStatus.Overloaded, 0, 0);
        }

        if (proposal.OnlyInTerm is { } term)
        {
            return _core.ProposeAsLeader(proposal.Command, term);
        }

        var result = _core.Propose(proposal.Command, _forwarded.Next);
        if (result.Status == ProposeStatus.Forwarded)
        {
            _forwarded.Add(proposal.Answer);
        }

        return result;
    }

    /// <summary>More is committed than the state machine keeps up with.</summary>
    private bool LagsInApplying => _core.Commit > _apply.Applied + (ulong)_options.MaxApplyLag;

    private void Step(Message message)
    {
        switch (message)
        {
            case ForwardProposals forwarded when LagsInApplying:
                RefuseForward(forwarded, ProposeStatus.Overloaded);
                break;
            case ForwardRefused refused:
                _forwarded.Refuse(refused);
                break;
            case StateDigest digest:
                _digests.Receive(digest, _core);
                break;
            case StateVerdict verdict:
                _digests.Receive(verdict);
                break;
            default:
                _core.Step(message);
                break;
        }
    }

    private void Compact(SnapshotMeta snapshot)
    {
        if (snapshot.Index < _core.Snapshot.Index)
        {
            // A newer one came from the leader meanwhile.
            return;
        }

        var through = CompactionRule.Through(
            _options, snapshot.Index, _core.FirstIndex, HeldByAll(), index => _core.EntryAt(index).Size);
        _core.Compact(snapshot, through);
        _persist.Compact(snapshot, through);
        LogSnapshot(snapshot.Index, snapshot.Term);
    }

    /// <summary>The last index that no live member and no observer lacks, as far as this member serves them.</summary>
    private ulong HeldByAll()
    {
        var held = _core.HeldByObservers;
        foreach (var peer in _core.Peers)
        {
            if (!peer.IsLeaving && peer.SilentTicks < CompactionRule.LiveTimeouts * _options.Core.ElectionTicks)
            {
                held = Math.Min(held, _snapshots.IndexOnItsWay(peer.Member) ?? peer.Match);
            }
        }

        return held;
    }

    private RaftStatus ReadStatus() => new(
        _core.Self,
        _core.Role,
        _core.Leader,
        _core.Term,
        _core.Commit,
        _apply.Applied,
        _core.DurableIndex,
        _core.FirstIndex,
        _core.LastIndex,
        _core.Snapshot.Index,
        _core.Configuration,
        _core.LeadsWithCommit,
        [.. _core.Peers.Select(peer => new PeerStatus(
            peer.Member, peer.IsVoter, peer.Match, peer.Next, peer.State, peer.SilentTicks * _options.Tick)
        {
            IsActive = peer.IsActive,
            IsLeaving = peer.IsLeaving,
            IsRepairing = peer.IsRepairing,
            StorageLow = peer.StorageLow == true,
        })])
    {
        IsChangePending = _core.IsChangePending,
        DivergedAt = _digests.DivergedAt,
        ConfigurationIndex = _core.ConfigurationIndex,
        TransferTarget = _core.TransferTarget,
        Repair = _core.IsRepairing ? _log.Repair : null,
        StorageLow = _core.IsStorageLow,
        FreeBytes = _freeBytes,
        DiskStalled = _core.IsDiskStalled,
    };

    /// <summary>The loop is over: whoever waits must not wait for ever.</summary>
    private static void Refuse(HostEvent happened)
    {
        switch (happened)
        {
            case ProposalMade proposal:
                proposal.Answer.Handed(new(ProposeStatus.NoLeader, 0, 0));
                break;
            case ReadAsked read:
                read.Answer.TrySetException(new NoLeaderException("this node is stopping"));
                break;
            case TransferAsked transfer:
                transfer.Answer.TrySetResult(
                    new(TransferOutcome.Refused, new(TransferStatus.NoLeader, MemberId.None), MemberId.None));
                break;
            case MembersAsked members:
                members.Answer.TrySetResult(new(
                    MembershipOutcome.Refused,
                    new(ChangeStatus.NoLeader, 0, MemberId.None, "this node is stopping")));
                break;
        }
    }

    [LoggerMessage(LogLevel.Information, "Recovered {Segments} segments with {Batches} batches; term {Term}")]
    private partial void LogRecovered(int segments, long batches, ulong term);

    [LoggerMessage(
        LogLevel.Error,
        "Entries through index {Through} of term {Term} were stored here and can't be read back; the log goes through "
        + "{Last} now. This member does not vote or lead until the leader has repaired it")]
    private partial void LogRepairing(ulong through, ulong term, ulong last);

    [LoggerMessage(
        LogLevel.Information,
        "Repaired: the log is whole through index {Index} of term {Term}, and this member votes again")]
    private partial void LogRepaired(ulong index, ulong term);

    [LoggerMessage(
        LogLevel.Warning, "This member did not run for {Milliseconds} ms: suspended, stopped, or short of processor time")]
    private partial void LogTicksMissed(double milliseconds);

    [LoggerMessage(LogLevel.Information, "Leader is {Leader} in term {Term}; this member is {Role}")]
    private partial void LogLeader(MemberId leader, ulong term, RaftRole role);

    [LoggerMessage(LogLevel.Warning, "No leader in term {Term}: {Leader} is not heard of; this member is {Role}")]
    private partial void LogNoLeader(MemberId leader, ulong term, RaftRole role);

    [LoggerMessage(LogLevel.Information, "Snapshot taken at index {Index}, term {Term}")]
    private partial void LogSnapshot(ulong index, ulong term);

    [LoggerMessage(LogLevel.Critical, "Member {Member} can't go on and stops")]
    private partial void LogStopped(Exception exception, MemberId member);
}
