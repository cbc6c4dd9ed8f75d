using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>
/// The API of one node, typed. Safe for concurrent use. Every method throws <see cref="ProblemException"/> for an error
/// that the node answered, <see cref="EndpointUnreachableException"/> when there was no answer, and
/// <see cref="MalformedAnswerException"/> for one that is not the API's.
/// </summary>
public sealed class BlixardClient : IDisposable
{
    private readonly BlixardClientOptions _options;
    private readonly HttpClient _http;

    public BlixardClient(BlixardClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _http = new HttpClient(Connector.CreateHandler(options.Endpoint.SocketPath, options.ConnectTimeout))
        {
            BaseAddress = options.Endpoint.BaseAddress,
            // Each request has a deadline of its own.
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
    }

    public Endpoint Endpoint => _options.Endpoint;

    public Task<Answer<ClusterStatus>> GetClusterAsync(ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(ApiRoutes.Cluster, options, ApiJson.Default.ClusterStatus, cancellationToken);

    public Task<Answer<IReadOnlyList<NodeInfo>>> GetNodesAsync(
        ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(ApiRoutes.Nodes, options, ApiJson.Default.IReadOnlyListNodeInfo, cancellationToken);

    public Task<Answer<NodeInfo>> GetNodeAsync(
        string node, ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(
            ApiRoutes.Node(ResourceName.Check("node", node)), options, ApiJson.Default.NodeInfo, cancellationToken);

    public Task<Answer<IReadOnlyList<Vm>>> GetVmsAsync(ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(ApiRoutes.Vms, options, ApiJson.Default.IReadOnlyListVm, cancellationToken);

    public Task<Answer<Vm>> GetVmAsync(string vm, ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(ApiRoutes.Vm(ResourceName.Check("VM", vm)), options, ApiJson.Default.Vm, cancellationToken);

    /// <summary>Returns once the registration is visible at the node that answers.</summary>
    public Task<Answer<Vm>> RegisterVmAsync(
        string vm, RegisterVmRequest request, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Put,
            ApiRoutes.Vm(ResourceName.Check("VM", vm)),
            () => JsonContent.Create(request, ApiJson.Default.RegisterVmRequest),
            ApiJson.Default.Vm,
            _options.Timeout,
            cancellationToken);

    /// <inheritdoc cref="RemoveVmAsync(string, bool, CancellationToken)"/>
    public Task<ulong> RemoveVmAsync(string vm, CancellationToken cancellationToken) =>
        RemoveVmAsync(vm, force: false, cancellationToken);

    /// <summary>
    /// Forgets a VM in the whole cluster; one that is not there is as good as removed. Stops nothing.
    /// </summary>
    /// <param name="vm">Its name.</param>
    /// <param name="force">
    /// Also where a node has it still, or annotations go with it; else that is refused
    /// (<see cref="ProblemTypes.VmInUse"/>).
    /// </param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The index at which it was gone.</returns>
    public Task<ulong> RemoveVmAsync(string vm, bool force, CancellationToken cancellationToken) => ChangeAsync(
        HttpMethod.Delete,
        ApiRoutes.Vm(ResourceName.Check("VM", vm)) + (force ? $"?{ApiRoutes.Force}=true" : ""),
        body: null,
        cancellationToken);

    /// <summary>How the health of a VM is judged; the usual policy where it has none of its own.</summary>
    public Task<Answer<HealthPolicy>> GetHealthPolicyAsync(
        string vm, ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(
            ApiRoutes.HealthPolicy(ResourceName.Check("VM", vm)),
            options,
            ApiJson.Default.HealthPolicy,
            cancellationToken);

    /// <summary>Sets the whole policy: what it leaves out is as usual.</summary>
    public Task<Answer<HealthPolicy>> SetHealthPolicyAsync(
        string vm, HealthPolicy policy, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Put,
            ApiRoutes.HealthPolicy(ResourceName.Check("VM", vm)),
            () => JsonContent.Create(policy, ApiJson.Default.HealthPolicy),
            ApiJson.Default.HealthPolicy,
            _options.Timeout,
            cancellationToken);

    /// <summary>Back to the usual policy.</summary>
    /// <returns>The index at which it was so.</returns>
    public Task<ulong> RemoveHealthPolicyAsync(string vm, CancellationToken cancellationToken) => ChangeAsync(
        HttpMethod.Delete,
        ApiRoutes.HealthPolicy(ResourceName.Check("VM", vm)),
        body: null,
        cancellationToken);

    /// <summary>The annotations of a VM, by key.</summary>
    public Task<Answer<IReadOnlyList<VmAnnotation>>> GetAnnotationsAsync(
        string vm, ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(
            ApiRoutes.Annotations(ResourceName.Check("VM", vm)),
            options,
            ApiJson.Default.IReadOnlyListVmAnnotation,
            cancellationToken);

    /// <summary>The whole value of one annotation.</summary>
    public Task<Answer<byte[]>> GetAnnotationAsync(
        string vm, string key, ReadOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        return SendAsync(
            HttpMethod.Get,
            AnnotationPath(vm, key) + Query(options),
            body: null,
            (response, either) => Failures.ReadBytesAsync(Endpoint, response, either),
            _options.Timeout + (options.Wait ?? TimeSpan.Zero),
            cancellationToken);
    }

    /// <summary>Returns once the value is visible at the node that answers.</summary>
    /// <param name="vm">Must be known.</param>
    /// <param name="key">A name, as those of VMs.</param>
    /// <param name="value">1 to 4096 bytes of any kind.</param>
    /// <param name="cancellationToken">Stops waiting, not the change.</param>
    /// <returns>The index at which it was so.</returns>
    public Task<ulong> SetAnnotationAsync(
        string vm, string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        HttpContent Body() => new ReadOnlyMemoryContent(value)
        {
            Headers = { ContentType = new MediaTypeHeaderValue(ApiRoutes.BytesMediaType) },
        };

        return ChangeAsync(HttpMethod.Put, AnnotationPath(vm, key), Body, cancellationToken);
    }

    /// <summary>Removes an annotation; one that is not there is as good as removed.</summary>
    /// <returns>The index at which it was gone.</returns>
    public Task<ulong> RemoveAnnotationAsync(string vm, string key, CancellationToken cancellationToken) =>
        ChangeAsync(HttpMethod.Delete, AnnotationPath(vm, key), body: null, cancellationToken);

    /// <summary>Who is a member, and as what; by name.</summary>
    public Task<Answer<IReadOnlyList<ClusterMember>>> GetMembersAsync(
        ReadOptions options, CancellationToken cancellationToken) =>
        GetAsync(ApiRoutes.Members, options, ApiJson.Default.IReadOnlyListClusterMember, cancellationToken);

    /// <summary>
    /// Makes a node known and gets its join token. For one that was added already, with the same addresses, and has not
    /// joined yet, the same token again.
    /// </summary>
    public Task<Answer<AddedMember>> AddMemberAsync(AddMemberRequest request, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            ApiRoutes.Members,
            () => JsonContent.Create(request, ApiJson.Default.AddMemberRequest),
            ApiJson.Default.AddedMember,
            MembershipTimeout,
            cancellationToken);

    /// <summary>Removes a node for good, by name or id; one whose id was removed before is as good as removed.</summary>
    /// <param name="member">Its name or id.</param>
    /// <param name="force">Also where VMs go with it, because no other node defines them.</param>
    /// <param name="cancellationToken">Stops waiting, not the removal.</param>
    /// <returns>The index at which it was gone.</returns>
    public Task<ulong> RemoveMemberAsync(string member, bool force, CancellationToken cancellationToken) => ChangeAsync(
        HttpMethod.Delete,
        ApiRoutes.Member(ResourceName.Check("node", member)) + (force ? $"?{ApiRoutes.Force}=true" : ""),
        body: null,
        cancellationToken,
        MembershipTimeout);

    /// <summary>Makes a learner a voter.</summary>
    public Task<Answer<ClusterMember>> PromoteMemberAsync(string member, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            ApiRoutes.Promote(ResourceName.Check("node", member)),
            body: null,
            ApiJson.Default.ClusterMember,
            MembershipTimeout,
            cancellationToken);

    /// <summary>Withdraws the change of the members that is not done yet.</summary>
    /// <returns>The index at which it was withdrawn.</returns>
    public Task<ulong> CancelMembershipChangeAsync(CancellationToken cancellationToken) =>
        ChangeAsync(HttpMethod.Post, ApiRoutes.Cancel, body: null, cancellationToken, MembershipTimeout);

    /// <summary>Lets another voter lead.</summary>
    /// <param name="to">Its name or id; null: whichever is best.</param>
    /// <param name="cancellationToken">Gives up waiting, not the transfer.</param>
    public Task<Answer<Leadership>> TransferLeadershipAsync(string? to, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            ApiRoutes.Transfer,
            () => JsonContent.Create(new TransferRequest { To = to }, ApiJson.Default.TransferRequest),
            ApiJson.Default.Leadership,
            MembershipTimeout,
            cancellationToken);

    /// <summary>Of vminfod's surface: is the daemon there?</summary>
    public async Task<Ping> PingAsync(CancellationToken cancellationToken) =>
        (await LocalAsync(ApiRoutes.LocalPing, ApiJson.Default.Ping, cancellationToken)).Value;

    public async Task<LocalStatus> GetLocalStatusAsync(bool full, CancellationToken cancellationToken) =>
        (await LocalAsync(
            ApiRoutes.LocalStatus + (full ? "?full" : ""), ApiJson.Default.LocalStatus, cancellationToken)).Value;

    /// <summary>This node's own replica.</summary>
    public Task<Answer<IReadOnlyList<Vm>>> GetLocalVmsAsync(CancellationToken cancellationToken) =>
        LocalAsync(ApiRoutes.LocalVms, ApiJson.Default.IReadOnlyListVm, cancellationToken);

    public Task<Answer<Vm>> GetLocalVmAsync(string id, CancellationToken cancellationToken) =>
        LocalAsync(ApiRoutes.LocalVm(ResourceName.Check("VM", id)), ApiJson.Default.Vm, cancellationToken);

    /// <summary>
    /// Everything that changes, from now or from <paramref name="since"/> on; the first record is ready. Never ends by
    /// itself: it throws <see cref="EndpointUnreachableException"/> when the node ends it or the link breaks, and also
    /// when ready does not come in <see cref="BlixardClientOptions.ReadyTimeout"/>.
    /// </summary>
    /// <param name="since">Only changes above this index, instead of the full lists.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public IAsyncEnumerable<EventLine> WatchEventsAsync(ulong? since, CancellationToken cancellationToken) =>
        new EventStream(_http, _options).ReadAsync(
            since is null
                ? ApiRoutes.Events
                : string.Create(CultureInfo.InvariantCulture, $"{ApiRoutes.Events}?{ApiRoutes.Since}={since}"),
            cancellationToken);

    /// <summary>One figure of a VM over time, from all nodes that have samples of it.</summary>
    public Task<Answer<VmHistory>> GetHistoryAsync(
        string vm, HistoryOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var query = new QueryText()
            .Add(ApiRoutes.Metric, options.Metric)
            .Add(ApiRoutes.Since, options.Since)
            .Add(ApiRoutes.Until, options.Until)
            .Add(ApiRoutes.Step, options.Step);
        return LocalAsync(
            ApiRoutes.VmHistory(ResourceName.Check("VM", vm)) + query, ApiJson.Default.VmHistory, cancellationToken);
    }

    /// <summary>
    /// What a VM's unit wrote to the journal. Ends after the lines there are; with <see cref="LogOptions.Follow"/> only when
    /// the node ends it.
    /// </summary>
    /// <param name="vm">Its name.</param>
    /// <param name="options">Which lines.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<LogLine> ReadLogsAsync(
        string vm, LogOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = ApiRoutes.Logs(ResourceName.Check("VM", vm)) + options.Query;
        await foreach (var line in new LineStream(_http, _options).ReadAsync(path, cancellationToken))
        {
            yield return new LogLine(Failures.Parse(Endpoint, line, ApiJson.Default.LogRecord), line);
        }
    }

    /// <summary>A node waits longer for a change of the members than for one of a VM.</summary>
    private TimeSpan MembershipTimeout => _options.Timeout * 2;

    public void Dispose() => _http.Dispose();

    private Task<Answer<T>> GetAsync<T>(
        string path, ReadOptions options, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        return SendAsync(
            HttpMethod.Get,
            path + Query(options),
            body: null,
            type,
            _options.Timeout + (options.Wait ?? TimeSpan.Zero),
            cancellationToken);
    }

    private Task<Answer<T>> LocalAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, body: null, type, _options.Timeout, cancellationToken);

    private static string AnnotationPath(string vm, string key) =>
        ApiRoutes.Annotation(ResourceName.Check("VM", vm), ResourceName.Check("annotation", key));

    /// <summary>A change whose success has no body.</summary>
    private async Task<ulong> ChangeAsync(
        HttpMethod method,
        string path,
        Func<HttpContent>? body,
        CancellationToken cancellationToken,
        TimeSpan? timeout = null)
    {
        var answer = await SendAsync<object?>(
            method,
            path,
            body,
            static (_, _) => Task.FromResult<object?>(null),
            timeout ?? _options.Timeout,
            cancellationToken);
        return answer.Index;
    }

    private Task<Answer<T>> SendAsync<T>(
        HttpMethod method,
        string path,
        Func<HttpContent>? body,
        JsonTypeInfo<T> type,
        TimeSpan timeout,
        CancellationToken cancellationToken) =>
        SendAsync(
            method,
            path,
            body,
            (response, either) => Failures.ReadAsync(Endpoint, response, type, either),
            timeout,
            cancellationToken);

    /// <param name="method">Any but GET changes something.</param>
    /// <param name="path">With its query.</param>
    /// <param name="body">Makes one for each time it is sent; null: none.</param>
    /// <param name="read">Of a success.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="cancellationToken">Stops waiting, not a change.</param>
    private async Task<Answer<T>> SendAsync<T>(
        HttpMethod method,
        string path,
        Func<HttpContent>? body,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        using var expiry = new CancellationTokenSource(timeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, cancellationToken);
        var changes = method != HttpMethod.Get;
        var retries = changes && _options.RetriesChanges ? new ChangeRetries(_options.Time) : null;
        try
        {
            while (true)
            {
                try
                {
                    using var request = new HttpRequestMessage(method, path) { Content = body?.Invoke() };
                    if (retries?.Key is { } key)
                    {
                        request.Headers.Add(ApiRoutes.IdempotencyKeyHeader, key);
                    }

                    using var response = await _http.SendAsync(
                        request, HttpCompletionOption.ResponseHeadersRead, either.Token);
                    if (!response.IsSuccessStatusCode)
                    {
                        throw await Failures.FromAnswerAsync(Endpoint, response, either.Token);
                    }

                    var value = await read(response, either.Token);
                    return new Answer<T>(value, Index(response.Headers), LastContact(response.Headers));
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    var failure = Failures.Unreachable(Endpoint, e, changes);
                    if (retries is null || !await retries.AgainAsync(failure, either.Token))
                    {
                        throw failure;
                    }
                }
                catch (ProblemException e) when (retries is not null)
                {
                    // The same request, and perhaps the same node: the key sees to it that it is made once.
                    if (!await retries.AgainAsync(e, either.Token))
                    {
                        throw;
                    }
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's own connect timeout cancels as well, before ours.
            throw new EndpointUnreachableException(
                Endpoint,
                expiry.IsCancellationRequested
                    ? $"no answer within {timeout.TotalSeconds:0.###} s"
                    : $"no connection within {_options.ConnectTimeout.TotalSeconds:0.###} s",
                outcomeUnknown: changes
                    && (expiry.IsCancellationRequested || retries is { OutcomeUnknown: true }),
                e);
        }
    }

    private static string Query(ReadOptions options)
    {
        var query = new StringBuilder();
        void Add(string key, string? value)
        {
            if (value is not null)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(key).Append('=').Append(value);
            }
        }

        Add(ApiRoutes.Consistency, options.Consistency == Consistency.Stale ? "stale" : null);
        Add(ApiRoutes.MinIndex, options.MinIndex?.ToString(CultureInfo.InvariantCulture));
        Add(ApiRoutes.Wait, options.Wait is { } wait
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)wait.TotalMilliseconds}ms")
            : null);
        Add(ApiRoutes.Index, options.SeenIndex?.ToString(CultureInfo.InvariantCulture));
        return query.ToString();
    }

    private static ulong Index(HttpResponseHeaders headers) =>
        ulong.TryParse(Header(headers, ApiRoutes.IndexHeader), CultureInfo.InvariantCulture, out var index) ? index : 0;

    private static TimeSpan? LastContact(HttpResponseHeaders headers) =>
        double.TryParse(
            Header(headers, ApiRoutes.LastContactHeader), CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0 and < 1e9
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
