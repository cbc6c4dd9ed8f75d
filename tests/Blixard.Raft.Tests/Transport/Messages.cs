using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Transport;

/// <summary>One of every message that goes on the wire, with values that show a field in the wrong place.</summary>
internal static class Messages
{
    private static readonly MemberId From = new(0x1122334455667788);
    private static readonly MemberId To = new(0x99);

    public static IReadOnlyList<Message> OfEveryKind { get; } =
    [
        new VoteRequest(From, To, 3, 4, 5, PreVote: true, Transfer: false),
        new VoteResponse(From, To, 3, PreVote: false, Granted: true),
        new AppendRequest(From, To, 3, 4, 2, 1, [
            new(5, 2, EntryKind.Noop, default),
            new(6, 3, EntryKind.Command, "set x"u8.ToArray()),
            new(7, 3, EntryKind.Configuration, new byte[] { 0, 255 }),
        ]),
        new AppendResponse(From, To, 3, Rejected: true, 6, 5, 4),
        new HeartbeatRequest(From, To, 3, 7, 8),
        new HeartbeatResponse(From, To, 3, 8) { StorageLow = true, RepairedThrough = 9 },
        new ForwardProposals(From, To, 3, [new byte[] { 1 }, default, "two"u8.ToArray()]) { FirstContext = 0x55 },
        new ForwardRefused(From, To, 3, ProposeStatus.Overloaded, 0x55, 2),
        new ReadIndexRequest(From, To, 3, 9),
        new ReadIndexResponse(From, To, 3, 9, 10),
        new TimeoutNow(From, To, 3),
        new InstallSnapshotRequest(From, To, 3, new(11, 2, new([new(1), new(2)], [new(7)]))),
        new StateDigest(From, To, 3, 2048, 2, 0x0102030405060708),
        new StateVerdict(From, To, 3, 2048, 7, 8, IsWrong: true),
        new Question(From, To, 3, new(0x77), 9, IsPassedOn: true, "ask"u8.ToArray()),
        new Answer(From, To, 3, new(0x77), 9, "say"u8.ToArray()),
        new TailRequest(From, To, 3, 4, 2, Rewind: true, NeedsSnapshot: false),
        new TailResponse(From, To, 3, new(0x77), 9, 4, 2, [new(5, 3, EntryKind.Command, "set y"u8.ToArray())]),
    ];

    /// <summary>As text, because records compare lists by reference.</summary>
    public static string Show(Message message) => message switch
    {
        AppendRequest m => $"{m with { Entries = [] }} {Show(m.Entries)}",
        TailResponse m => $"{m with { Entries = [] }} {Show(m.Entries)}",
        ForwardProposals m => $"{m with { Data = [] }} {string.Join(' ', m.Data.Select(d => Convert.ToHexString(d.Span)))}",
        Question m => $"{m with { Data = default }} {Convert.ToHexString(m.Data.Span)}",
        Answer m => $"{m with { Data = default }} {Convert.ToHexString(m.Data.Span)}",
        InstallSnapshotRequest m =>
            $"{m.From} {m.To} {m.Term} {m.Snapshot.Index} {m.Snapshot.Term} {string.Join(' ', m.Snapshot.Configuration.Members)}",
        _ => message.ToString(),
    };

    private static string Show(IEnumerable<LogEntry> entries) => string.Join(
        ' ', entries.Select(e => $"{e.Index}/{e.Term}/{e.Kind}/{Convert.ToHexString(e.Data.Span)}"));
}
