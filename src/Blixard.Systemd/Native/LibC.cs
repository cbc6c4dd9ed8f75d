using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Native;

internal static unsafe partial class LibC
{
    public const short PollIn = 1;

    /// <summary>EFD_CLOEXEC | EFD_NONBLOCK, the same on every architecture that .NET runs on.</summary>
    public const int EventFdFlags = 0x80000 | 0x800;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollFd* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial SafeFileHandle eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(SafeFileHandle descriptor, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(SafeFileHandle descriptor, void* buffer, nuint count);

    [LibraryImport("libc")]
    public static partial void free(nint memory);
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Descriptor;
    public short Events;
    public short Returned;
}
