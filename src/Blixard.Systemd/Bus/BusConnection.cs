using System.Diagnostics;
using System.Runtime.InteropServices;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Bus;

/// <summary>
/// A connection to a bus, or to a manager directly. Used by one thread at a time. After a
/// <see cref="SystemdUnavailableException"/> it is of no more use.
/// </summary>
internal sealed unsafe class BusConnection : IDisposable
{
    // Errors by which the bus says that the other side is not there, rather than the other side that it will not.
    private static readonly HashSet<string> UnavailableErrors = new(StringComparer.Ordinal)
    {
        "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.NoServer",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.TimedOut",
        "org.freedesktop.DBus.Error.Timeout",
    };

    private readonly BusHandle _bus;
    private readonly BusAddress _address;

    private BusConnection(BusHandle bus, BusAddress address)
    {
        _bus = bus;
        _address = address;
    }

    public BusAddress Address => _address;

    /// <summary>Connects, authenticates and says Hello, all within the timeout.</summary>
    /// <exception cref="SystemdUnavailableException">Nobody listens, or the bus does not answer.</exception>
    public static BusConnection Open(BusAddress address, TimeSpan timeout)
    {
        address = address.Resolve();
        BusHandle bus;
        try
        {
            Check(LibSystemdBus.sd_bus_new(out bus), address, "create a connection");
        }
        catch (DllNotFoundException e)
        {
            throw new SystemdUnavailableException("libsystemd.so.0 is not installed on this host.", e);
        }

        var connection = new BusConnection(bus, address);
        try
        {
            Check(LibSystemdBus.sd_bus_set_address(bus, address.Address), address, "use the address");
            Check(LibSystemdBus.sd_bus_set_bus_client(bus, address.HasBusDaemon ? 1 : 0), address, "set the mode");
            Check(LibSystemdBus.sd_bus_start(bus), address, "connect");
            connection.WaitUntilReady(timeout);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A method call, to be filled and sent with <see cref="Call"/>.</summary>
    public BusMessage NewCall(string destination, string path, string @interface, string member)
    {
        Check(
            LibSystemdBus.sd_bus_message_new_method_call(_bus, out var message, destination, path, @interface, member),
            _address,
            "create a message");
        return message;
    }

    /// <summary>Sends a call and waits for the answer, which the caller disposes.</summary>
    /// <exception cref="BusCallException">The other side answered with an error.</exception>
    /// <exception cref="SystemdUnavailableException">There is no answer.</exception>
    public BusMessage Call(BusMessage request, TimeSpan timeout)
    {
        var error = default(BusErrorData);
        try
        {
            var microseconds = (ulong)timeout.TotalMicroseconds;
            var result = LibSystemdBus.sd_bus_call(_bus, request, microseconds, &error, out var reply);
            if (result >= 0)
            {
                return reply;
            }

            reply.Dispose();
            var name = Marshal.PtrToStringUTF8((nint)error.Name) ?? "";
            var detail = Marshal.PtrToStringUTF8((nint)error.Message) ?? "";
            if (result == -Errno.ETIMEDOUT)
            {
                throw new SystemdUnavailableException(
                    $"{_address} gave no answer within {timeout.TotalSeconds:0.#} s.");
            }

            if (name.Length == 0 || UnavailableErrors.Contains(name) || LibSystemdBus.sd_bus_is_open(_bus) <= 0)
            {
                throw new SystemdUnavailableException(
                    $"{_address} gave no answer: {(detail.Length > 0 ? detail : Errno.Describe(result))}");
            }

            throw new BusCallException(name, detail);
        }
        finally
        {
            LibSystemdBus.sd_bus_error_free(&error);
        }
    }

    /// <summary>
    /// Sends calls one behind the other, and waits for their answers together: both sides wake up once for many. What
    /// else arrives meanwhile is dropped.
    /// </summary>
    /// <param name="answered">Told the call's place in the list and its answer, which may be an error.</param>
    /// <exception cref="SystemdUnavailableException">Not all of them were answered in time.</exception>
    public void CallAll(IReadOnlyList<BusMessage> requests, TimeSpan timeout, Action<int, BusMessage> answered)
    {
        using var waker = new Waker();
        var start = Stopwatch.GetTimestamp();
        var waiting = new Dictionary<ulong, int>(requests.Count);
        for (var i = 0; i < requests.Count; i++)
        {
            Check(LibSystemdBus.sd_bus_send(_bus, requests[i], out var cookie), _address, "send");
            waiting.Add(cookie, i);
        }

        while (waiting.Count > 0)
        {
            var more = Process(out var message);
            using (message)
            {
                if (message?.ReplyTo is { } cookie && waiting.Remove(cookie, out var place))
                {
                    answered(place, message);
                }
            }

            if (!more)
            {
                var left = timeout - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    throw new SystemdUnavailableException(
                        $"{_address} gave no answer within {timeout.TotalSeconds:0.#} s.");
                }

                Wait(waker, left);
            }
        }
    }

    /// <summary>
    /// Does one step of pending work. True if there may be more; with it comes a message that nobody asked for, a
    /// signal usually, or null.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">The connection is broken.</exception>
    public bool Process(out BusMessage? message)
    {
        var result = LibSystemdBus.sd_bus_process(_bus, out var received);
        if (received.IsInvalid)
        {
            received.Dispose();
            message = null;
        }
        else
        {
            message = received;
        }

        return Check(result, _address, "read") > 0;
    }

    /// <summary>Waits until <see cref="Process"/> has work, the waker is set, or for that long.</summary>
    public void Wait(Waker waker, TimeSpan limit)
    {
        var events = Check(LibSystemdBus.sd_bus_get_events(_bus), _address, "wait");
        var descriptor = Check(LibSystemdBus.sd_bus_get_fd(_bus), _address, "wait");
        Check(LibSystemdBus.sd_bus_get_timeout(_bus, out var due), _address, "wait");
        waker.Wait(descriptor, (short)events, Milliseconds(due, limit));
    }

    public void Dispose() => _bus.Dispose();

    private static int Check(int result, BusAddress address, string what) => result >= 0
        ? result
        : throw new SystemdUnavailableException($"Cannot {what} ({address}): {Errno.Describe(result)}");

    /// <summary>sd-bus gives an absolute CLOCK_MONOTONIC time, or UInt64.MaxValue for none; 0 means at once.</summary>
    private static int Milliseconds(ulong due, TimeSpan limit)
    {
        var own = limit == Timeout.InfiniteTimeSpan ? -1 : (long)Math.Ceiling(limit.TotalMilliseconds);
        if (due == ulong.MaxValue)
        {
            return (int)Math.Min(own, int.MaxValue);
        }

        var now = (ulong)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        var theirs = due <= now ? 0 : (long)Math.Ceiling((due - now) / 1000.0);
        return (int)Math.Min(own < 0 ? theirs : Math.Min(own, theirs), int.MaxValue);
    }

    // sd_bus_call would do this too, but without any limit of time.
    private void WaitUntilReady(TimeSpan timeout)
    {
        using var waker = new Waker();
        var start = Stopwatch.GetTimestamp();
        while (Check(LibSystemdBus.sd_bus_is_ready(_bus), _address, "connect") == 0)
        {
            var more = Process(out var message);
            message?.Dispose();
            if (more)
            {
                continue;
            }

            var left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new SystemdUnavailableException(
                    $"{_address} did not answer within {timeout.TotalSeconds:0.#} s.");
            }

            Wait(waker, left);
        }
    }
}
