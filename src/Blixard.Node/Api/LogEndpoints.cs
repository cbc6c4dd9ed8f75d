using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.Systemd;
using Blixard.Systemd.Journal;
using Microsoft.AspNetCore.Http.Features;

namespace Blixard.Node.Api;

/// <summary>
/// <c>GET /v1/vms/{vm}/logs</c>: the journal of a VM's unit, a JSON record per line, from the node that has it. Which node
/// that is, the answering node's own replica says: so it works without a quorum too.
/// </summary>
internal sealed class LogEndpoints(
    Replica replica,
    NodeFacts self,
    NodeRelay relay,
    IJournal journal,
    IJournalFollowing following,
    IAgentStatus agent,
    ApiLimits limits,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    /// <summary>Lines that are written before they are sent.</summary>
    private const int Batch = 64;

    private int _open;

    public async Task GetAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var query = LogQuery.Parse(context.Request.Query, time.GetUtcNow());
        var known = replica.State.Vms.GetValueOrDefault(vm) ?? throw new ApiException(Problems.VmNotFound(vm));
        var node = relay.IsForThisNode(context.Request) ? self.Name : NodeOf(known, query);
        if (node != self.Name)
        {
            await relay.PassOnAsync(context, node);
            return;
        }

        if (Interlocked.Increment(ref _open) > limits.MaxLogStreams)
        {
            Interlocked.Decrement(ref _open);
            throw new ApiException(Problems.Overloaded(
                $"The journal of {self.Name} is read by {limits.MaxLogStreams} clients already."));
        }

        try
        {
            await (query.Follow ? FollowAsync(context, QueryOf(known, query)) : ReadAsync(context, QueryOf(known, query)));
        }
        catch (JournalUnavailableException e)
        {
            throw new ApiException(Problems.JournalUnavailable(self.Name, e.Message));
        }
        catch (ArgumentException e) when (query.After is not null)
        {
            throw new ApiException(Problems.InvalidRequest($"after: {e.Message}"));
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static string NodeOf(StateMachine.State.Vm vm, LogQuery query)
    {
        if (query.Node is { } node)
        {
            return vm.Observations.ContainsKey(node)
                ? node
                : throw new ApiException(Problems.InvalidRequest($"VM {vm.Name} is not defined on node {node}."));
        }

        return vm.Location ?? vm.Observations.Keys.FirstOrDefault()
            ?? throw new ApiException(Problems.InvalidRequest($"VM {vm.Name} is not defined on any node."));
    }

    /// <summary>A request that was passed on may be ahead of this replica: then the unit is the usual one.</summary>
    private JournalQuery QueryOf(StateMachine.State.Vm vm, LogQuery query)
    {
        var here = vm.Observations.GetValueOrDefault(self.Name);
        return new JournalQuery(here?.Unit ?? Rules.UnitOf(vm.Name, userService: false))
        {
            UserUnit = here?.UserService ?? false,
            UserId = here is { UserService: true } ? agent.UserIdOf(vm.Name) : null,
            MaxPriority = query.MaxPriority,
            Since = query.Since,
            After = query.After,
            Limit = query.Lines ?? LogQuery.DefaultLines,
        };
    }

    private async Task ReadAsync(HttpContext context, JournalQuery query)
    {
        var page = await journal.ReadAsync(query, context.RequestAborted);
        var writer = Begin(context);
        if (page.Unreadable > 0)
        {
            Write(writer, Damaged(page.Unreadable));
        }

        foreach (var batch in page.Lines.Chunk(Batch))
        {
            foreach (var line in batch)
            {
                Write(writer, Of(line));
            }

            await writer.FlushAsync(context.RequestAborted);
        }
    }

    private async Task FollowAsync(HttpContext context, JournalQuery query)
    {
        // Positions itself in the journal: reads from the disk.
        await using var follower = await Task.Run(() => following.Follow(query), context.RequestAborted);
        var writer = Begin(context);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await writer.FlushAsync(ends.Token);
            await FollowAsync(follower.Events, writer, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The reader left, or this node stops: the body ends here, whole lines only.
        }
        catch (JournalUnavailableException e)
        {
            // The answer has begun: the last record says why it ends.
            Write(writer, new LogRecord { Type = LogRecordType.Gap, Reason = e.Message });
            await writer.FlushAsync(context.RequestAborted);
        }
    }

    private async Task FollowAsync(
        System.Threading.Channels.ChannelReader<FollowedJournal> events,
        EventWriter writer,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var more = events.WaitToReadAsync(cancellationToken).AsTask();
            while (!more.IsCompleted)
            {
                try
                {
                    await more.WaitAsync(limits.KeepAlive, time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    writer.KeepAlive();
                    await writer.FlushAsync(cancellationToken);
                }
            }

            if (!await more)
            {
                return;
            }

            for (var written = 0; written < Batch && events.TryRead(out var said); written++)
            {
                Write(writer, said switch
                {
                    FollowedLine(var line) => Of(line),
                    LinesLeftOut(var lines) => new LogRecord
                    {
                        Type = LogRecordType.Gap,
                        Lines = lines,
                        Reason = "this reader was too slow",
                    },
                    LinesDamaged(var lines) => Damaged(lines),
                    _ => throw new System.Diagnostics.UnreachableException(said.ToString()),
                });
            }

            await writer.FlushAsync(cancellationToken);
        }
    }

    private EventWriter Begin(HttpContext context)
    {
        context.Response.ContentType = ApiRoutes.EventsMediaType;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        return new EventWriter(context, limits.MaxStall, time);
    }

    private static void Write(EventWriter writer, LogRecord record) => writer.Write(record, Documents.Json.LogRecord);

    private static LogRecord Of(JournalLine line) => new()
    {
        Type = LogRecordType.Line,
        Time = line.Time,
        Priority = line.Priority,
        Identifier = line.Identifier,
        Pid = line.Pid,
        Message = line.Message,
        Cursor = line.Cursor,
    };

    private static LogRecord Damaged(int lines) => new()
    {
        Type = LogRecordType.Gap,
        Lines = lines,
        Reason = "the journal's file is damaged there",
    };
}
