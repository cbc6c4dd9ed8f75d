using System.Diagnostics;
using System.Text;
using Blixard.Client;
using Blixard.Client.Contracts;
using Blixard.Cluster.Harness;
using Blixard.Linearizability;

namespace Blixard.Soak.Load;

/// <summary>
/// One client: one operation after the other through its member, each written down with when it was asked for and when
/// it was answered, on the clock of this process. What an answer does not exclude may have happened.
/// </summary>
internal sealed class LoadClient(string name, Member member, int seed, Workload workload) : IDisposable
{
    /// <summary>Longer than an election, shorter than a member waits for the outcome of a change.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly Random _random = new(seed);
    private readonly BlixardClient _client = new(new()
    {
        Endpoint = Endpoint.Parse($"http://127.0.0.1:{member.Port}"),
        ConnectTimeout = TimeSpan.FromSeconds(1),
        Timeout = Timeout,
    });

    private int _written;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            if (workload.Next(_random) is { } key)
            {
                var outcome = await DoAsync(key, NextInput());
                await Task.Delay(outcome == Outcome.Done ? _random.Next(4, 16) : 50, CancellationToken.None);
            }
            else
            {
                // The next epoch is not ready: its VMs can't be registered just now.
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    /// <summary>Does it and writes it down.</summary>
    public async Task<Outcome> DoAsync(Key key, RegisterInput input)
    {
        var invoked = Stopwatch.GetTimestamp();
        var (outcome, output) = await SendAsync(key, input);
        var completed = Stopwatch.GetTimestamp();
        workload.Count(input, outcome, completed);
        if (outcome == Outcome.Done || (outcome == Outcome.Unknown && input.Act != RegisterAct.Read))
        {
            key.Add(new()
            {
                Client = $"{name}@{member.Name}",
                Input = input,
                Invoked = invoked,
                Completed = outcome == Outcome.Done ? completed : null,
                Output = output,
            });
        }

        return outcome;
    }

    public void Dispose() => _client.Dispose();

    private RegisterInput NextInput() => _random.Next(100) switch
    {
        < 45 => RegisterInput.Write($"{name}-{_written++}"),
        < 52 => RegisterInput.Delete,
        _ => RegisterInput.Read,
    };

    private async Task<(Outcome Outcome, string? Output)> SendAsync(Key key, RegisterInput input)
    {
        try
        {
            switch (input.Act)
            {
                case RegisterAct.Write:
                    await _client.SetAnnotationAsync(key.Vm, key.Name, Encoding.UTF8.GetBytes(input.Value!), default);
                    return (Outcome.Done, null);
                case RegisterAct.Delete:
                    await _client.RemoveAnnotationAsync(key.Vm, key.Name, default);
                    return (Outcome.Done, null);
                default:
                    var answer = await _client.GetAnnotationAsync(
                        key.Vm, key.Name, ReadOptions.Linearizable, default);
                    return (Outcome.Done, Encoding.UTF8.GetString(answer.Value));
            }
        }
        catch (ProblemException e) when (input.Act == RegisterAct.Read && e.Is(ProblemTypes.AnnotationNotFound))
        {
            return (Outcome.Done, null);
        }
        catch (ProblemException e) when (e.Problem.Status is 503 or 507)
        {
            // Nothing was appended or handed over (docs/api.md).
            return (Outcome.Failed, null);
        }
        catch (ProblemException e) when (e.Problem.Status == 504 || e.Is(ProblemTypes.SessionExpired))
        {
            return (Outcome.Unknown, null);
        }
        catch (ProblemException e)
        {
            workload.Complain($"{name}@{member.Name}: {input.Act} of {key} was answered with {e.Problem}");
            return (Outcome.Unknown, null);
        }
        catch (EndpointUnreachableException e)
        {
            return (e.OutcomeUnknown ? Outcome.Unknown : Outcome.Failed, null);
        }
        catch (MalformedAnswerException e)
        {
            // A member that ends in the middle of an answer.
            workload.Noted(e.Message);
            return (Outcome.Unknown, null);
        }
    }
}

internal enum Outcome
{
    Done,

    /// <summary>Certainly without effect.</summary>
    Failed,
    Unknown,
}
