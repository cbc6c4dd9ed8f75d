using System.Diagnostics;
using Blixard.Client;
using Blixard.Cluster.Harness;
using Blixard.Linearizability;

namespace Blixard.Soak.Load;

/// <summary>All clients together, the keys they work on, and what is to be said of it as a whole.</summary>
internal sealed class Workload(IReadOnlyList<Member> members, int clients, int seed) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Epoch> _epochs = [];
    private readonly List<string> _complaints = [];
    private readonly List<long> _acknowledged = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly LoadClient[] _clients = new LoadClient[clients];
    private readonly int[] _outcomes = new int[3];
    private Task _running = Task.CompletedTask;
    private volatile Epoch? _current;
    private long _lastWrite;

    public IReadOnlyList<Key> Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _epochs.SelectMany(epoch => epoch.Keys)];
            }
        }
    }

    /// <summary>Answers that no fault explains.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_lock)
            {
                return [.. _complaints];
            }
        }
    }

    public int Malformed { get; private set; }

    /// <summary>When writes were acknowledged, on the clock of <see cref="Stopwatch"/>, in order.</summary>
    public IReadOnlyList<long> Acknowledged
    {
        get
        {
            lock (_lock)
            {
                return [.. _acknowledged.Order()];
            }
        }
    }

    /// <summary>When the last of them was.</summary>
    public long LastWrite => Volatile.Read(ref _lastWrite);

    public int Of(Outcome outcome) => Volatile.Read(ref _outcomes[(int)outcome]);

    public async Task StartAsync()
    {
        _current = await NewEpochAsync() ?? throw new InvalidOperationException("stopped before it began");
        for (var i = 0; i < _clients.Length; i++)
        {
            _clients[i] = new($"c{i}", members[i % members.Count], (seed * 1_000) + i, this);
        }

        _running = Task.WhenAll([.. _clients.Select(c => c.RunAsync(_stopping.Token)), KeepEpochsAsync()]);
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public Key? Next(Random random) => _current!.Next(random);

    public void Count(RegisterInput input, Outcome outcome, long at)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        if (outcome == Outcome.Done && input.Act != RegisterAct.Read)
        {
            lock (_lock)
            {
                _acknowledged.Add(at);
                _lastWrite = Math.Max(_lastWrite, at);
            }
        }
    }

    public void Complain(string what)
    {
        lock (_lock)
        {
            _complaints.Add(what);
        }
    }

    public void Noted(string malformed)
    {
        lock (_lock)
        {
            Malformed++;
        }
    }

    /// <summary>The end: every key once more, through every member, and once from each member's own replica.</summary>
    /// <returns>Keys of which not all replicas say the same.</returns>
    public async Task<IReadOnlyList<string>> ReadAllAsync()
    {
        var differences = new List<string>();
        var readers = members.Select((m, i) => new LoadClient($"final{i}", m, i, this)).ToArray();
        var now = (await members[0].Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.AppliedIndex;
        await Parallel.ForEachAsync(Keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (key, token) =>
        {
            foreach (var reader in readers)
            {
                if (await reader.DoAsync(key, RegisterInput.Read) != Outcome.Done)
                {
                    Complain($"{key} can't be read at the end");
                }
            }

            var replicas = new List<string>();
            foreach (var member in members)
            {
                replicas.Add(await ReplicaAsync(member, key, now, token));
            }

            if (replicas.Distinct().Count() > 1)
            {
                lock (_lock)
                {
                    var each = members.Zip(replicas, (member, replica) => $"{replica} on {member.Name}");
                    differences.Add($"{key} is {string.Join(", ", each)}");
                }
            }
        });
        foreach (var reader in readers)
        {
            reader.Dispose();
        }

        return differences;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var client in _clients)
        {
            client?.Dispose();
        }

        _stopping.Dispose();
    }

    /// <summary>Its own replica, once it is as far as the cluster was when the load had ended.</summary>
    private static async Task<string> ReplicaAsync(
        Member member, Key key, ulong now, CancellationToken cancellationToken)
    {
        var options = ReadOptions.Stale with { MinIndex = now };
        try
        {
            var answer = await member.Client.GetAnnotationAsync(key.Vm, key.Name, options, cancellationToken);
            return System.Text.Encoding.UTF8.GetString(answer.Value);
        }
        catch (ProblemException e) when (e.Is(Client.Contracts.ProblemTypes.AnnotationNotFound))
        {
            return "absent";
        }
    }

    private async Task KeepEpochsAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            if (_current!.IsRunningOut)
            {
                _current = await NewEpochAsync() ?? _current;
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    /// <summary>Registers its VMs, through whichever member takes it, however long that takes.</summary>
    /// <returns>Null if there is no more need of it.</returns>
    private async Task<Epoch?> NewEpochAsync()
    {
        var epoch = new Epoch(_epochs.Count);
        var turn = 0;
        foreach (var vm in epoch.VmNames)
        {
            while (!await TryRegisterAsync(members[turn++ % members.Count], vm))
            {
                if (_stopping.IsCancellationRequested)
                {
                    return null;
                }

                await Task.Delay(100, CancellationToken.None);
            }
        }

        lock (_lock)
        {
            _epochs.Add(epoch);
        }

        return epoch;
    }

    private async Task<bool> TryRegisterAsync(Member member, string vm)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
            await member.Client.RegisterVmAsync(vm, new() { Node = members[0].Name }, limit.Token);
            return true;
        }
        catch (Exception e) when (
            e is ProblemException or EndpointUnreachableException or MalformedAnswerException
                or OperationCanceledException)
        {
            return false;
        }
    }
}
