using System.Collections.Concurrent;
using System.Net.Sockets;
using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Tests.Fakes;

/// <summary>
/// A systemd that keeps units, on a private socket, spoken to through libsystemd on both sides. What it does on a
/// start, a stop, a reload is what the real one does as far as a client can see; tests on a real one say so.
/// </summary>
internal sealed class FakeSystemd : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeUnit> _units = new(StringComparer.Ordinal);
    private readonly List<FakePeer> _peers = [];
    private readonly CancellationTokenSource _stop = new();
    private Socket _listener;
    private Task _accepting;
    private ulong _clock = 1_000_000;
    private uint _job;

    public FakeSystemd()
    {
        Address = new BusAddress($"unix:path={_directory.Combine("private")}", HasBusDaemon: false);
        (_listener, _accepting) = Listen();
    }

    public BusAddress Address { get; }

    /// <summary>What the next jobs end with.</summary>
    public string JobResult { get; set; } = "done";

    /// <summary>Jobs do not end before <see cref="EndJobs"/>.</summary>
    public bool HoldJobs { get; set; }

    /// <summary>Calls get no answer.</summary>
    public bool Silent { get; set; }

    /// <summary>Every call is answered with this D-Bus error.</summary>
    public string? Error { get; set; }

    /// <summary>Answers have a body of another type than they should.</summary>
    public bool Garbled { get; set; }

    /// <summary>The methods that were called, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Properties that the units have beside their state.</summary>
    public Dictionary<string, object> Properties { get; } = [];

    /// <summary>What was made with StartTransientUnit: name, mode, properties.</summary>
    public List<(string Name, string Mode, Dictionary<string, object> Properties)> Transient { get; } = [];

    /// <summary>ExecStart of the units; null: they have no such property.</summary>
    public string[][]? Commands { get; set; }

    /// <summary>The number of the job that is queued for the units; null: they have no such property.</summary>
    public uint? Job { get; set; }

    public void Define(params string[] units)
    {
        lock (_lock)
        {
            foreach (var unit in units)
            {
                _units[unit] = new FakeUnit(unit);
            }
        }
    }

    /// <summary>A state change with the signals that systemd sends: the first of them with the old state.</summary>
    public void Change(string unit, string active, string sub)
    {
        lock (_lock)
        {
            Tell(Changed(_units[unit]));
            _units[unit] = _units[unit] with { Active = active, Sub = sub, ChangedAt = _clock += 1000 };
            Tell(Changed(_units[unit]));
            Tell(Changed(_units[unit]));
        }
    }

    public void Forget(string unit) => Tell(FakeSignals.UnitRemoved(unit));

    /// <summary>daemon-reload as clients see it.</summary>
    public void Reload()
    {
        lock (_lock)
        {
            Tell(FakeSignals.Reloading(true));
            foreach (var unit in _units.Keys)
            {
                Tell(FakeSignals.UnitRemoved(unit));
            }

            Tell(FakeSignals.Reloading(false));
        }
    }

    public void EndJobs()
    {
        lock (_lock)
        {
            HoldJobs = false;
            for (var job = 1u; job <= _job; job++)
            {
                Tell(FakeSignals.JobRemoved(job, "", JobResult));
            }
        }
    }

    /// <summary>Closes every connection and refuses new ones, as a bus that was stopped.</summary>
    public async Task StopListeningAsync()
    {
        _listener.Dispose();
        await _accepting;
        FakePeer[] peers;
        lock (_lock)
        {
            peers = [.. _peers];
            _peers.Clear();
        }

        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }

        File.Delete(_directory.Combine("private"));
    }

    public void ListenAgain() => (_listener, _accepting) = Listen();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await StopListeningAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    private (Socket Listener, Task Accepting) Listen()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_directory.Combine("private")));
        listener.Listen();
        return (listener, AcceptAsync(listener));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }

            lock (_lock)
            {
                _peers.Add(new FakePeer(socket, Answer));
            }
        }
    }

    /// <summary>Called on a peer's thread for each call.</summary>
    private void Answer(FakeCall call)
    {
        lock (_lock)
        {
            Calls.Enqueue(call.Member);
            if (Silent && call.Member != "Subscribe")
            {
                return;
            }

            if (Error is { } error && call.Member != "Subscribe")
            {
                call.Fail(error, "as told by the test");
                return;
            }

            if (Garbled && call.Member != "Subscribe")
            {
                call.Reply(reply => reply.Write('u', 7u));
                return;
            }

            switch (call.Member)
            {
                case "Subscribe":
                    call.Peer.IsSubscribed = true;
                    call.Reply(_ => { });
                    break;
                case "ListUnitsByPatterns":
                    call.Reply(reply => WriteUnits(reply, call));
                    break;
                case "ListUnitFilesByPatterns":
                    call.Reply(reply => reply
                        .Open('a', "(ss)").Open('r', "ss")
                        .Write('s', "/etc/systemd/system/microvm@.service").Write('s', "static")
                        .EndContainer().EndContainer());
                    break;
                case "GetAll":
                    WriteDetails(call);
                    break;
                case "Get":
                    WriteProperty(call);
                    break;
                case "StartUnit":
                case "RestartUnit":
                    RunJob(call, "active", "running");
                    break;
                case "StartTransientUnit":
                    var (name, mode) = (call.Message.ReadString(), call.Message.ReadString());
                    Transient.Add((name, mode, Reading.TransientProperties(call.Message)));
                    _units[name] = new FakeUnit(name);
                    RunJob(call, _units[name], "active", "waiting");
                    break;
                case "StopUnit":
                    RunJob(call, "inactive", "dead");
                    break;
                case "ResetFailedUnit":
                    WithUnit(call, call.Message.ReadString(), unit =>
                    {
                        _units[unit.Name] = unit with { Active = "inactive", Sub = "dead" };
                        call.Reply(_ => { });
                    });
                    break;
                case "Reload":
                    Reload();
                    call.Reply(_ => { });
                    break;
                default:
                    call.Fail("org.freedesktop.DBus.Error.UnknownMethod", call.Member);
                    break;
            }
        }
    }

    private void WriteUnits(BusMessage reply, FakeCall call)
    {
        call.Message.Skip("as");
        var patterns = new List<string>();
        call.Message.EnterArray("s");
        while (call.Message.TryReadString(out var pattern))
        {
            patterns.Add(pattern);
        }

        reply.Open('a', "(ssssssouso)");
        foreach (var unit in _units.Values.Where(unit => patterns.Any(pattern => Matches(pattern, unit.Name))))
        {
            reply.Open('r', "ssssssouso").Write('s', unit.Name).Write('s', "A unit").Write('s', "loaded")
                .Write('s', unit.Active).Write('s', unit.Sub).Write('s', "").Write('o', FakeSignals.PathOf(unit.Name))
                .Write('u', 0u).Write('s', "").Write('o', "/").EndContainer();
        }

        reply.EndContainer();
    }

    private void WriteDetails(FakeCall call) => call.Reply(reply => reply.WriteProperties(PropertiesOf(call)));

    private void WriteProperty(FakeCall call)
    {
        call.Message.Skip("s");
        var name = call.Message.ReadString();
        if (name == "UserspaceTimestampMonotonic")
        {
            call.Reply(reply => reply.WriteVariant(77_000_000ul));
            return;
        }

        var properties = PropertiesOf(call);
        if (properties.TryGetValue(name, out var value))
        {
            call.Reply(reply => reply.WriteVariant(value));
        }
        else
        {
            call.Fail("org.freedesktop.DBus.Error.UnknownProperty", name);
        }
    }

    private Dictionary<string, object> PropertiesOf(FakeCall call)
    {
        var name = FakeSignals.UnitAt(call.Message.Path);
        var unit = _units.GetValueOrDefault(name);
        var properties = new Dictionary<string, object>(Properties);
        if (Commands is not null)
        {
            properties["ExecStart"] = Commands;
        }

        if (Job is { } job)
        {
            properties["Job"] = (job, job == 0 ? "/" : FakeSignals.JobPath(job));
        }

        return new(properties)
        {
            ["Id"] = name,
            ["LoadState"] = unit is null ? "not-found" : "loaded",
            ["ActiveState"] = unit?.Active ?? "inactive",
            ["SubState"] = unit?.Sub ?? "dead",
            ["StateChangeTimestampMonotonic"] = unit?.ChangedAt ?? 0,
            ["Documentation"] = new[] { "man:none" },
        };
    }

    /// <summary>
    /// The signals go out before the answer: on the client's other connection they may well come first.
    /// </summary>
    private void RunJob(FakeCall call, string active, string sub) =>
        WithUnit(call, call.Message.ReadString(), unit => RunJob(call, unit, active, sub));

    private void RunJob(FakeCall call, FakeUnit unit, string active, string sub)
    {
        var job = ++_job;
        if (!HoldJobs)
        {
            Change(unit.Name, active, sub);
            Tell(FakeSignals.JobRemoved(job, unit.Name, JobResult));
        }

        call.Reply(reply => reply.Write('o', FakeSignals.JobPath(job)));
    }

    private void WithUnit(FakeCall call, string name, Action<FakeUnit> then)
    {
        if (_units.TryGetValue(name, out var unit))
        {
            then(unit);
        }
        else
        {
            call.Fail("org.freedesktop.systemd1.NoSuchUnit", $"Unit {name} not found.");
        }
    }

    private void Tell(FakeSignal signal)
    {
        lock (_lock)
        {
            foreach (var peer in _peers.Where(peer => peer.IsSubscribed))
            {
                peer.Send(signal);
            }
        }
    }

    private static FakeSignal Changed(FakeUnit unit) =>
        FakeSignals.PropertiesChanged(unit.Name, unit.Active, unit.Sub, unit.ChangedAt);

    private static bool Matches(string pattern, string name) =>
        System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private sealed record FakeUnit(string Name, string Active = "inactive", string Sub = "dead", ulong ChangedAt = 0);
}
