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

    /// <summary>O_RDONLY | O_NONBLOCK | O_CLOEXEC: a pipe that nobody writes is opened, and empty.</summary>
    public const int ReadWithoutWaiting = 0x800 | 0x80000;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statx(int directory, string path, int flags, uint mask, StatX* found);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int clock_gettime(int clock, out TimeSpec time);

    /// <summary>Returns an errno; the entry's texts are in the buffer.</summary>
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int getpwnam_r(
        string name, PasswordEntry* entry, byte* buffer, nuint length, PasswordEntry** found);
}

/// <summary>struct passwd, as far as it is read here; the C library's is no larger.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PasswordEntry
{
    public nint Name;
    public nint Password;
    public uint UserId;
    public uint GroupId;
    public nint Comment;
    public nint Home;
    public nint Shell;
}

/// <summary>struct timespec, on 64 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Descriptor;
    public short Events;
    public short Returned;
}
