using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Raft.Storage;

/// <summary>The calls .NET has no name for: see open(2), fsync(2), posix_fallocate(3).</summary>
internal static partial class LibC
{
    public const int ReadOnly = 0;
    public const int CloseOnExec = 0x80000;

    private const int DontNeed = 4;
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int Fdatasync(SafeFileHandle file);

    /// <summary>Returns the error itself; 0: done.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    public static partial int PosixFallocate(SafeFileHandle file, long offset, long length);

    /// <summary>posix_fadvise(2), POSIX_FADV_DONTNEED for the whole file. Its error means nothing to a reader.</summary>
    public static void DropCache(SafeFileHandle file) => _ = PosixFadvise(file, 0, 0, DontNeed);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    public static partial int ClockGetTime(int clock, out TimeSpec time);

    public static IOException LastError(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{what}: {Marshal.GetPInvokeErrorMessage(error)}";
        return IsNoSpace(error) ? new NoSpaceException(message) : new IOException(message, error);
    }

    public static bool IsNoSpace(int error) => error is NoSpace or QuotaExceeded;

    /// <summary>.NET puts errno into HResult.</summary>
    public static bool IsNoSpace(IOException exception) => IsNoSpace(exception.HResult);

    /// <summary>struct timespec of a machine with 64 bits.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
