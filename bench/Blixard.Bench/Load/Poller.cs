using System.Runtime.InteropServices;

namespace Blixard.Bench.Load;

/// <summary>Which connections can be read, without a thread or a task for each.</summary>
internal sealed class Poller : IDisposable
{
    private readonly int _epoll;
    private readonly LibC.EpollEvent[] _ready = new LibC.EpollEvent[512];
    private readonly List<Wire> _wires = [];

    public Poller()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException("the load generator knows struct epoll_event of x86-64 only");
        }

        _epoll = LibC.EpollCreate(0);
        Check(_epoll);
    }

    public void Add(Wire wire)
    {
        Check(LibC.EpollControl(
            _epoll, LibC.EpollAdd, wire.Descriptor, new() { Events = LibC.EpollIn, Id = _wires.Count }));
        _wires.Add(wire);
    }

    /// <summary>Waits until something can be read, at most this long, and hands each such connection over.</summary>
    public void Wait(int timeoutMilliseconds, Action<Wire> ready)
    {
        var count = LibC.EpollWait(_epoll, _ready, _ready.Length, timeoutMilliseconds);
        if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
        {
            return;
        }

        Check(count);
        for (var i = 0; i < count; i++)
        {
            ready(_wires[_ready[i].Id]);
        }
    }

    public void Dispose() => _ = LibC.Close(_epoll);

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new IOException($"epoll: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
