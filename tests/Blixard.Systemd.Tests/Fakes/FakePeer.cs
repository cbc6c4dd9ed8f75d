using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Tests.Fakes;

/// <summary>A method call that came in, and its one answer.</summary>
internal sealed unsafe class FakeCall(FakePeer peer, BusHandle bus, BusMessage message)
{
    public FakePeer Peer => peer;

    public BusMessage Message => message;

    public string Member { get; } = Marshal.PtrToStringUTF8((nint)FakeBusNative.sd_bus_message_get_member(message))!;

    public void Reply(Action<BusMessage> body)
    {
        MessageWriting.Check(FakeBusNative.sd_bus_message_new_method_return(message, out var reply));
        using (reply)
        {
            body(reply);
            MessageWriting.Check(FakeBusNative.sd_bus_send(bus, reply, 0));
        }
    }

    public void Fail(string name, string detail)
    {
        fixed (byte* nameBytes = Encoding.UTF8.GetBytes(name + '\0'))
        fixed (byte* detailBytes = Encoding.UTF8.GetBytes(detail + '\0'))
        {
            var error = new BusErrorData { Name = nameBytes, Message = detailBytes };
            MessageWriting.Check(FakeBusNative.sd_bus_message_new_method_error(message, out var reply, &error));
            using (reply)
            {
                MessageWriting.Check(FakeBusNative.sd_bus_send(bus, reply, 0));
            }
        }
    }
}

/// <summary>One client's connection to the fake, on a thread of its own.</summary>
internal sealed class FakePeer : IAsyncDisposable
{
    private readonly ConcurrentQueue<FakeSignal> _signals = new();
    private readonly Waker _waker = new();
    private readonly Action<FakeCall> _answer;
    private readonly Task _thread;
    private volatile bool _closed;

    public FakePeer(Socket socket, Action<FakeCall> answer)
    {
        _answer = answer;
        _thread = Task.Factory.StartNew(
            () => Run(socket), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public bool IsSubscribed { get; set; }

    public void Send(FakeSignal signal)
    {
        _signals.Enqueue(signal);
        _waker.Set();
    }

    public async ValueTask DisposeAsync()
    {
        _closed = true;
        _waker.Set();
        await _thread;
        _waker.Dispose();
    }

    private void Run(Socket socket)
    {
        int descriptor;
        using (socket)
        {
            descriptor = FakeBusNative.dup((int)socket.Handle);
        }

        MessageWriting.Check(LibSystemdBus.sd_bus_new(out var bus));
        using (bus)
        {
            MessageWriting.Check(FakeBusNative.sd_bus_set_fd(bus, descriptor, descriptor));
            MessageWriting.Check(FakeBusNative.sd_bus_set_server(bus, 1, new Id128 { High = 1, Low = 2 }));
            MessageWriting.Check(LibSystemdBus.sd_bus_start(bus));
            while (!_closed && Step(bus))
            {
            }
        }
    }

    /// <summary>False once the client has gone.</summary>
    private bool Step(BusHandle bus)
    {
        _waker.Reset();
        while (_signals.TryDequeue(out var signal))
        {
            if (!Emit(bus, signal))
            {
                return false;
            }
        }

        var result = LibSystemdBus.sd_bus_process(bus, out var message);
        using (message)
        {
            if (result < 0)
            {
                return false;
            }

            if (!message.IsInvalid && FakeBusNative.sd_bus_message_is_method_call(message, null, null) > 0)
            {
                _answer(new FakeCall(this, bus, message));
            }
        }

        if (result == 0)
        {
            var events = LibSystemdBus.sd_bus_get_events(bus);
            if (events < 0)
            {
                return false;
            }

            _waker.Wait(LibSystemdBus.sd_bus_get_fd(bus), (short)events, -1);
        }

        return true;
    }

    /// <summary>False if the client hung up while it was being told.</summary>
    private static bool Emit(BusHandle bus, FakeSignal signal)
    {
        MessageWriting.Check(FakeBusNative.sd_bus_message_new_signal(
            bus, out var message, signal.Path, signal.Interface, signal.Member));
        using (message)
        {
            signal.Body(message);
            var sent = FakeBusNative.sd_bus_send(bus, message, 0);
            if (sent is -Errno.EPIPE or -Errno.ECONNRESET or -Errno.ENOTCONN)
            {
                return false;
            }

            MessageWriting.Check(sent);
            return true;
        }
    }
}
