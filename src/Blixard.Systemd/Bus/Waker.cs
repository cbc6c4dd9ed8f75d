using System.ComponentModel;
using System.Runtime.InteropServices;
using Blixard.Systemd.Native;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Bus;

/// <summary>Wakes a thread that waits for its connection, from any thread: an eventfd(2).</summary>
internal sealed unsafe class Waker : IDisposable
{
    private readonly SafeFileHandle _event;

    public Waker()
    {
        _event = LibC.eventfd(0, LibC.EventFdFlags);
        if (_event.IsInvalid)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>
    /// The waiting thread returns, or does not begin to wait, until <see cref="Reset"/>. Harmless after disposal: a
    /// late waker has nobody left to wake.
    /// </summary>
    public void Set()
    {
        try
        {
            ulong one = 1;
            LibC.write(_event, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The thread has ended, which is what a waker wants.
        }
    }

    public void Reset()
    {
        ulong count;
        LibC.read(_event, &count, sizeof(ulong));
    }

    /// <summary>Waits until woken, until the descriptor is ready, or for that long (-1: no limit).</summary>
    public void Wait(int descriptor, short events, int timeoutMilliseconds)
    {
        var held = false;
        try
        {
            _event.DangerousAddRef(ref held);
            var descriptors = stackalloc PollFd[2];
            descriptors[0] = new() { Descriptor = (int)_event.DangerousGetHandle(), Events = LibC.PollIn };
            descriptors[1] = new() { Descriptor = descriptor, Events = events };
            if (LibC.poll(descriptors, 2, timeoutMilliseconds) < 0
                && Marshal.GetLastPInvokeError() is var errno and not Errno.EINTR)
            {
                throw new Win32Exception(errno);
            }
        }
        finally
        {
            if (held)
            {
                _event.DangerousRelease();
            }
        }
    }

    public void Dispose() => _event.Dispose();
}
