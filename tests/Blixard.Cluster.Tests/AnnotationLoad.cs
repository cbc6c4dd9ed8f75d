using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>
/// Writes annotations at a steady rate, each to a key of its own, over several connections to each endpoint in use. A
/// write that is not answered, or refused, is sent again through the next endpoint until it is acknowledged; it counts
/// as one write, and as long as all of that took.
/// </summary>
internal sealed class AnnotationLoad(int perSecond, int clients) : IDisposable
{
    private const int KeysPerVm = 64;

    private readonly ConcurrentDictionary<int, bool> _acknowledged = [];
    private readonly Lock _gate = new();
    private readonly List<HttpClient> _all = [];
    private volatile HttpClient[] _endpoints = [];
    private volatile bool _stopping;
    private Task _running = Task.CompletedTask;
    private int _next;
    private int _retries;
    private long _started;
    private long _lastAcknowledged;
    private TimeSpan _longestPause;
    private TimeSpan _longestWrite;

    public int Acknowledged => _acknowledged.Count;

    /// <summary>Attempts that were not acknowledged, and made again.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <summary>The longest time in which no write at all was acknowledged.</summary>
    public TimeSpan LongestPause => _longestPause;

    /// <summary>The longest that one write took, with all its attempts.</summary>
    public TimeSpan LongestWrite => _longestWrite;

    /// <summary>Acknowledged per second, from the first attempt to the last acknowledgement.</summary>
    public double Rate => Acknowledged / Stopwatch.GetElapsedTime(_started, _lastAcknowledged).TotalSeconds;

    /// <summary>From now on these, in turn.</summary>
    public void Use(params IEnumerable<Member> members)
    {
        lock (_gate)
        {
            var now = members.Select(member => new HttpClient
            {
                BaseAddress = new Uri($"http://127.0.0.1:{member.Port}"),
                Timeout = TimeSpan.FromSeconds(1),
            }).ToArray();
            _all.AddRange(now);
            _endpoints = now;
        }
    }

    /// <summary>Makes the VMs for so many writes, and begins.</summary>
    public async Task StartAsync(BlixardClient client, string node, int writes)
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (writes / KeysPerVm) + 1),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, token) => await client.RegisterVmAsync(VmOf(i * KeysPerVm), new() { Node = node }, token));
        _started = _lastAcknowledged = Stopwatch.GetTimestamp();
        _running = Task.WhenAll(Enumerable.Range(0, clients).Select(RunAsync));
    }

    public Task StopAsync()
    {
        _stopping = true;
        return _running;
    }

    /// <summary>Reads all back, linearizably; the acknowledged writes that are not there, or hold something else.</summary>
    public async Task<IReadOnlyCollection<int>> LostAsync(BlixardClient client)
    {
        var lost = new ConcurrentBag<int>();
        await Parallel.ForEachAsync(
            _acknowledged.Keys.GroupBy(VmOf),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (vm, token) =>
            {
                foreach (var write in vm)
                {
                    var value = await ValueAsync(client, write, token);
                    if (value != write.ToString(CultureInfo.InvariantCulture))
                    {
                        lost.Add(write);
                    }
                }
            });
        return lost;
    }

    public void Dispose() => _all.ForEach(client => client.Dispose());

    private static async Task<string?> ValueAsync(BlixardClient client, int write, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.GetAnnotationAsync(VmOf(write), KeyOf(write), ReadOptions.Linearizable, cancellationToken);
            return Encoding.ASCII.GetString(answer.Value);
        }
        catch (ProblemException e) when (e.Problem.Status == 404)
        {
            return null;
        }
    }

    private static string VmOf(int write) => string.Create(CultureInfo.InvariantCulture, $"load-{write / KeysPerVm}");

    private static string KeyOf(int write) => string.Create(CultureInfo.InvariantCulture, $"k{write % KeysPerVm}");

    /// <summary>
    /// One client. Its writes are due at fixed times: one that was held up is followed by those that became due
    /// meanwhile, so that a pause does not lower the load.
    /// </summary>
    private async Task RunAsync(int client)
    {
        var period = TimeSpan.FromSeconds((double)clients / perSecond);
        var due = period * ((double)client / clients);
        while (!_stopping)
        {
            var early = due - Stopwatch.GetElapsedTime(_started);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            due += period;
            await WriteAsync(Interlocked.Increment(ref _next), client);
        }
    }

    private async Task WriteAsync(int write, int client)
    {
        var began = Stopwatch.GetTimestamp();
        var path = new Uri(ApiRoutes.Annotation(VmOf(write), KeyOf(write)), UriKind.Relative);
        for (var attempt = client; !await IsAcknowledgedAsync(path, write, attempt); attempt++)
        {
            Interlocked.Increment(ref _retries);

            // Whoever gives up has not been acknowledged: nothing is claimed of that write.
            if (_stopping && Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(10))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        Count(write, began);
    }

    private async Task<bool> IsAcknowledgedAsync(Uri path, int write, int attempt)
    {
        var endpoints = _endpoints;
        try
        {
            using var body = new ByteArrayContent(Encoding.ASCII.GetBytes(write.ToString(CultureInfo.InvariantCulture)));
            using var answer = await endpoints[attempt % endpoints.Length].PutAsync(path, body);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Count(int write, long began)
    {
        _acknowledged[write] = true;
        lock (_gate)
        {
            var now = Stopwatch.GetTimestamp();
            var (pause, took) = (Stopwatch.GetElapsedTime(_lastAcknowledged, now), Stopwatch.GetElapsedTime(began, now));
            _longestPause = pause > _longestPause ? pause : _longestPause;
            _longestWrite = took > _longestWrite ? took : _longestWrite;
            _lastAcknowledged = now;
        }
    }
}
