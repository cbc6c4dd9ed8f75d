using System.Runtime.InteropServices;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Tests.Fakes;

/// <summary>The server's side of sd-bus(3), which the product does not need.</summary>
internal static unsafe partial class FakeBusNative
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    public static partial int sd_bus_set_fd(BusHandle bus, int input, int output);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_server(BusHandle bus, int enable, Id128 id);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_member(BusMessage message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_is_method_call(BusMessage message, string? @interface, string? member);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_method_return(BusMessage call, out BusMessage reply);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_method_error(
        BusMessage call, out BusMessage reply, BusErrorData* error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_new_signal(
        BusHandle bus, out BusMessage signal, string path, string @interface, string member);

    [LibraryImport(Library)]
    public static partial int sd_bus_send(BusHandle bus, BusMessage message, nint cookie);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int dup(int descriptor);
}

/// <summary>sd_id128_t, by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Id128
{
    public ulong High;
    public ulong Low;
}
