using System.Runtime.InteropServices;

namespace Blixard.Bench.Load;

/// <summary>The calls of one thread that serves many sockets: epoll(7), send(2), recv(2), kill(2).</summary>
internal static partial class LibC
{
    public const int EpollAdd = 1;
    public const uint EpollIn = 1;
    public const int NoSignal = 0x4000;
    public const int DontWait = 0x40;
    public const int TryAgain = 11;
    public const int Interrupted = 4;
    public const int SigKill = 9;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, in EpollEvent happening);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, Span<EpollEvent> events, int count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int descriptor, ReadOnlySpan<byte> bytes, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int descriptor, Span<byte> bytes, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>struct epoll_event of x86-64 is packed; elsewhere the kernel aligns it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct EpollEvent
    {
        public uint Events;
        public int Id;
        public int Unused;
    }
}
