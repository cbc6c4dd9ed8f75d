using System.Runtime.InteropServices;
using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Native;

/// <summary>
/// sd-bus(3). Every function returns a negative errno on failure. No variadic function: .NET cannot call them.
/// </summary>
internal static unsafe partial class LibSystemdBus
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    public static partial int sd_bus_new(out BusHandle bus);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_set_address(BusHandle bus, string address);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_bus_client(BusHandle bus, int enable);

    [LibraryImport(Library)]
    public static partial int sd_bus_start(BusHandle bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_ready(BusHandle bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_open(BusHandle bus);

    [LibraryImport(Library)]
    public static partial nint sd_bus_close_unref(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_fd(BusHandle bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_events(BusHandle bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_timeout(BusHandle bus, out ulong monotonicMicroseconds);

    [LibraryImport(Library)]
    public static partial int sd_bus_process(BusHandle bus, out BusMessage message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_new_method_call(
        BusHandle bus, out BusMessage message, string destination, string path, string @interface, string member);

    [LibraryImport(Library)]
    public static partial int sd_bus_call(
        BusHandle bus, BusMessage request, ulong timeoutMicroseconds, BusErrorData* error, out BusMessage reply);

    [LibraryImport(Library)]
    public static partial int sd_bus_send(BusHandle bus, BusMessage message, out ulong cookie);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_reply_cookie(BusMessage message, out ulong cookie);

    /// <returns>Null if it is not an error.</returns>
    [LibraryImport(Library)]
    public static partial BusErrorData* sd_bus_message_get_error(BusMessage message);

    [LibraryImport(Library)]
    public static partial void sd_bus_error_free(BusErrorData* error);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_is_signal(BusMessage message, string @interface, string member);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_path(BusMessage message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_append_basic(BusMessage message, byte type, string value);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_append_basic(BusMessage message, byte type, void* value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_open_container(BusMessage message, byte type, string contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_close_container(BusMessage message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_enter_container(BusMessage message, byte type, string contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_exit_container(BusMessage message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_read_basic(BusMessage message, byte type, void* value);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_read_array(BusMessage message, byte type, out void* data, out nuint size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_skip(BusMessage message, string types);
}

/// <summary>struct sd_bus_error.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BusErrorData
{
    public byte* Name;
    public byte* Message;
    public int NeedsFree;
}
