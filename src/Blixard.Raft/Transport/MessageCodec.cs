using System.Diagnostics;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>
/// Messages as bytes, little-endian, in the order of their records' fields. Permanent within a protocol version: the
/// numbers of <see cref="FrameType"/> and the layouts below.
/// <code>
/// message = u64 from, u64 to, u64 term, the fields of its kind
/// entry   = u64 index, u64 term, u8 kind, u32 length, bytes
/// list    = u32 count, items
/// </code>
/// </summary>
internal static class MessageCodec
{
    private const int MinEntryBytes = 21;

    /// <exception cref="UnreachableException">A kind that never leaves its member.</exception>
    public static FrameType TypeOf(Message message) => message switch
    {
        VoteRequest => FrameType.VoteRequest,
        VoteResponse => FrameType.VoteResponse,
        AppendRequest => FrameType.AppendRequest,
        AppendResponse => FrameType.AppendResponse,
        HeartbeatRequest => FrameType.HeartbeatRequest,
        HeartbeatResponse => FrameType.HeartbeatResponse,
        ForwardProposals => FrameType.ForwardProposals,
        ForwardRefused => FrameType.ForwardRefused,
        ReadIndexRequest => FrameType.ReadIndexRequest,
        ReadIndexResponse => FrameType.ReadIndexResponse,
        TimeoutNow => FrameType.TimeoutNow,
        InstallSnapshotRequest => FrameType.InstallSnapshotRequest,
        TailRequest => FrameType.TailRequest,
        TailResponse => FrameType.TailResponse,
        StateDigest => FrameType.StateDigest,
        StateVerdict => FrameType.StateVerdict,
        Question => FrameType.Question,
        Answer => FrameType.Answer,
        _ => throw new UnreachableException($"{message.GetType().Name} never goes on the wire"),
    };

    /// <summary>Payload bytes, the figure by which queues are bounded.</summary>
    public static long PayloadBytes(Message message)
    {
        long bytes = 0;
        switch (message)
        {
            case AppendRequest append:
                foreach (var entry in append.Entries)
                {
                    bytes += entry.Size;
                }

                break;
            case TailResponse tail:
                foreach (var entry in tail.Entries)
                {
                    bytes += entry.Size;
                }

                break;
            case ForwardProposals forward:
                foreach (var data in forward.Data)
                {
                    bytes += data.Length;
                }

                break;
            case Question question:
                return question.Data.Length;
            case Answer answer:
                return answer.Data.Length;
        }

        return bytes;
    }

    public static void Write(Message message, ByteWriter target)
    {
        target.U64(message.From.Value);
        target.U64(message.To.Value);
        target.U64(message.Term);
        switch (message)
        {
            case VoteRequest m:
                target.U64(m.LastLogIndex);
                target.U64(m.LastLogTerm);
                target.Flag(m.PreVote);
                target.Flag(m.Transfer);
                break;
            case VoteResponse m:
                target.Flag(m.PreVote);
                target.Flag(m.Granted);
                break;
            case AppendRequest m:
                target.U64(m.PrevLogIndex);
                target.U64(m.PrevLogTerm);
                target.U64(m.LeaderCommit);
                Write(m.Entries, target);
                break;
            case AppendResponse m:
                target.Flag(m.Rejected);
                target.U64(m.Index);
                target.U64(m.HintIndex);
                target.U64(m.HintTerm);
                break;
            case HeartbeatRequest m:
                target.U64(m.Commit);
                target.U64(m.ReadSequence);
                break;
            case HeartbeatResponse m:
                target.U64(m.ReadSequence);
                target.Flag(m.StorageLow);
                target.Flag(m.RepairedThrough is not null);
                target.U64(m.RepairedThrough ?? 0);
                break;
            case ForwardProposals m:
                target.U32((uint)m.Data.Count);
                foreach (var data in m.Data)
                {
                    target.U32((uint)data.Length);
                    target.Bytes(data.Span);
                }

                target.U64(m.FirstContext);
                break;
            case ForwardRefused m:
                target.U8((byte)m.Status);
                target.U64(m.FirstContext);
                target.U32(m.Count);
                break;
            case ReadIndexRequest m:
                target.U64(m.Context);
                break;
            case ReadIndexResponse m:
                target.U64(m.Context);
                target.U64(m.Index);
                break;
            case TimeoutNow:
                break;
            case InstallSnapshotRequest m:
                SnapshotMetaCodec.Write(m.Snapshot, target.Take(SnapshotMetaCodec.SizeOf(m.Snapshot)));
                break;
            case TailRequest m:
                target.U64(m.After);
                target.U64(m.AfterTerm);
                target.Flag(m.Rewind);
                target.Flag(m.NeedsSnapshot);
                break;
            case TailResponse m:
                target.U64(m.Leader.Value);
                target.U64(m.Commit);
                target.U64(m.PrevLogIndex);
                target.U64(m.PrevLogTerm);
                Write(m.Entries, target);
                break;
            case StateDigest m:
                target.U64(m.Index);
                target.U64(m.EntryTerm);
                target.U64(m.Digest);
                break;
            case StateVerdict m:
                target.U64(m.Index);
                target.U64(m.Digest);
                target.U64(m.Others);
                target.Flag(m.IsWrong);
                break;
            case Question m:
                target.U64(m.Origin.Value);
                target.U64(m.Context);
                target.Flag(m.IsPassedOn);
                Write(m.Data, target);
                break;
            case Answer m:
                target.U64(m.Origin.Value);
                target.U64(m.Context);
                Write(m.Data, target);
                break;
            default:
                throw new UnreachableException($"{message.GetType().Name} never goes on the wire");
        }
    }

    /// <exception cref="ProtocolException">The bytes are not exactly one message of that type.</exception>
    public static Message Read(FrameType type, ReadOnlySpan<byte> body)
    {
        var source = new ByteReader(body);
        var (from, to, term) = (new MemberId(source.U64()), new MemberId(source.U64()), source.U64());
        Message message = type switch
        {
            FrameType.VoteRequest =>
                new VoteRequest(from, to, term, source.U64(), source.U64(), source.Flag(), source.Flag()),
            FrameType.VoteResponse => new VoteResponse(from, to, term, source.Flag(), source.Flag()),
            FrameType.AppendRequest => new AppendRequest(
                from, to, term, source.U64(), source.U64(), source.U64(), ReadEntries(ref source)),
            FrameType.AppendResponse => new AppendResponse(
                from, to, term, source.Flag(), source.U64(), source.U64(), source.U64()),
            FrameType.HeartbeatRequest => new HeartbeatRequest(from, to, term, source.U64(), source.U64()),
            FrameType.HeartbeatResponse => ReadHeartbeatResponse(from, to, term, ref source),
            FrameType.ForwardProposals =>
                new ForwardProposals(from, to, term, ReadProposals(ref source)) { FirstContext = source.U64() },
            FrameType.ForwardRefused =>
                new ForwardRefused(from, to, term, ReadRefusal(ref source), source.U64(), source.U32()),
            FrameType.ReadIndexRequest => new ReadIndexRequest(from, to, term, source.U64()),
            FrameType.ReadIndexResponse => new ReadIndexResponse(from, to, term, source.U64(), source.U64()),
            FrameType.TimeoutNow => new TimeoutNow(from, to, term),
            FrameType.InstallSnapshotRequest => new InstallSnapshotRequest(from, to, term, ReadSnapshot(ref source)),
            FrameType.TailRequest => new TailRequest(
                from, to, term, source.U64(), source.U64(), source.Flag(), source.Flag()),
            FrameType.StateDigest => new StateDigest(from, to, term, source.U64(), source.U64(), source.U64()),
            FrameType.StateVerdict => new StateVerdict(
                from, to, term, source.U64(), source.U64(), source.U64(), source.Flag()),
            FrameType.TailResponse => ReadTail(from, to, term, ref source),
            FrameType.Question => new Question(
                from, to, term, new(source.U64()), source.U64(), source.Flag(), ReadData(ref source)),
            FrameType.Answer => new Answer(from, to, term, new(source.U64()), source.U64(), ReadData(ref source)),
            _ => throw new ProtocolException($"frame type {(byte)type} is no message"),
        };
        source.End();
        return message;
    }

    private static HeartbeatResponse ReadHeartbeatResponse(
        MemberId from, MemberId to, ulong term, ref ByteReader source)
    {
        var (sequence, low, repairing, through) = (source.U64(), source.Flag(), source.Flag(), source.U64());
        return new(from, to, term, sequence) { StorageLow = low, RepairedThrough = repairing ? through : null };
    }

    private static TailResponse ReadTail(MemberId from, MemberId to, ulong term, ref ByteReader source)
    {
        var response = new TailResponse(
            from, to, term, new(source.U64()), source.U64(), source.U64(), source.U64(), ReadEntries(ref source));

        // What an observer takes for granted, and would stop for.
        if (response.Entries.Count > 0
            && (response.Entries[0].Index != response.PrevLogIndex + 1
                || response.Entries[0].Term < response.PrevLogTerm
                || response.Entries[^1].Index > response.Commit
                || response.Entries[^1].Term > term))
        {
            throw new ProtocolException(
                $"entries {response.Entries[0].Index} to {response.Entries[^1].Index} after {response.PrevLogIndex}, "
                + $"of which {response.Commit} are committed in term {term}");
        }

        return response;
    }

    private static void Write(ReadOnlyMemory<byte> data, ByteWriter target)
    {
        target.U32((uint)data.Length);
        target.Bytes(data.Span);
    }

    private static byte[] ReadData(ref ByteReader source)
    {
        var length = source.U32();
        return length <= Question.MaxBytes
            ? source.Bytes(length).ToArray()
            : throw new ProtocolException($"a question of {length} bytes; the most is {Question.MaxBytes}");
    }

    private static void Write(IReadOnlyList<LogEntry> entries, ByteWriter target)
    {
        target.U32((uint)entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            Write(entries[i], target);
        }
    }

    private static void Write(LogEntry entry, ByteWriter target)
    {
        target.U64(entry.Index);
        target.U64(entry.Term);
        target.U8((byte)entry.Kind);
        target.U32((uint)entry.Size);
        target.Bytes(entry.Data.Span);
    }

    private static LogEntry[] ReadEntries(ref ByteReader source)
    {
        var entries = new LogEntry[Count(ref source, MinEntryBytes)];
        for (var i = 0; i < entries.Length; i++)
        {
            var (index, term, kind) = (source.U64(), source.U64(), (EntryKind)source.U8());
            if (!Enum.IsDefined(kind))
            {
                throw new ProtocolException($"entry {index} is of the unknown kind {(byte)kind}");
            }

            // What replication takes for granted: consecutive, and terms that never go back.
            if (i > 0 && (index != entries[i - 1].Index + 1 || term < entries[i - 1].Term))
            {
                throw new ProtocolException(
                    $"entry {index} of term {term} follows entry {entries[i - 1].Index} of term {entries[i - 1].Term}");
            }

            entries[i] = new(index, term, kind, source.Bytes(source.U32()).ToArray());
        }

        return entries;
    }

    private static ProposeStatus ReadRefusal(ref ByteReader source) => (ProposeStatus)source.U8() switch
    {
        var status and >= ProposeStatus.NoLeader and <= ProposeStatus.TooLarge => status,
        var status => throw new ProtocolException($"proposals are refused with {(byte)status}, which is no refusal"),
    };

    private static ReadOnlyMemory<byte>[] ReadProposals(ref ByteReader source)
    {
        var proposals = new ReadOnlyMemory<byte>[Count(ref source, sizeof(uint))];
        for (var i = 0; i < proposals.Length; i++)
        {
            proposals[i] = source.Bytes(source.U32()).ToArray();
        }

        return proposals;
    }

    /// <summary>Bounded by what can be left, before anything is allocated for it.</summary>
    private static uint Count(ref ByteReader source, int minItemBytes)
    {
        var count = source.U32();
        return count <= source.Left / minItemBytes
            ? count
            : throw new ProtocolException($"{count} items can't be in the {source.Left} bytes that are left");
    }

    private static SnapshotMeta ReadSnapshot(ref ByteReader source)
    {
        try
        {
            return SnapshotMetaCodec.Decode(source.Bytes((uint)source.Left));
        }
        catch (FormatException e)
        {
            throw new ProtocolException(e.Message);
        }
    }
}
