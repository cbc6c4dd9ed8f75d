using Blixard.Systemd.Native;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Bus;

/// <summary>An sd_bus object. Used by one thread at a time.</summary>
internal sealed class BusHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    // Without a flush: that would wait for a peer that may hang.
    protected override bool ReleaseHandle()
    {
        LibSystemdBus.sd_bus_close_unref(handle);
        return true;
    }
}
