using System.Globalization;
using System.Runtime.InteropServices;

namespace Blixard.Systemd.Native;

/// <summary>Error numbers of Linux (asm-generic), those that libsystemd returns to us.</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int ENOTDIR = 20;
    public const int EINVAL = 22;
    public const int EPIPE = 32;
    public const int ERANGE = 34;
    public const int EBADMSG = 74;
    public const int ENOTCONN = 107;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int ECONNRESET = 104;

    private static readonly Dictionary<int, string> Names = new()
    {
        [EPERM] = nameof(EPERM),
        [ENOENT] = nameof(ENOENT),
        [EINTR] = nameof(EINTR),
        [5] = "EIO",
        [6] = "ENXIO",
        [EBADF] = nameof(EBADF),
        [EAGAIN] = nameof(EAGAIN),
        [12] = "ENOMEM",
        [EACCES] = nameof(EACCES),
        [16] = "EBUSY",
        [EINVAL] = nameof(EINVAL),
        [24] = "EMFILE",
        [EPIPE] = nameof(EPIPE),
        [EBADMSG] = nameof(EBADMSG),
        [95] = "EOPNOTSUPP",
        [99] = "EADDRNOTAVAIL",
        [ECONNRESET] = nameof(ECONNRESET),
        [105] = "ENOBUFS",
        [ENOTCONN] = nameof(ENOTCONN),
        [108] = "ESHUTDOWN",
        [ETIMEDOUT] = nameof(ETIMEDOUT),
        [ECONNREFUSED] = nameof(ECONNREFUSED),
        [113] = "EHOSTUNREACH",
    };

    /// <summary>"ECONNRESET: Connection reset by peer" of -104; the sign does not matter.</summary>
    public static string Describe(int result)
    {
        var errno = Math.Abs(result);
        var name = Names.GetValueOrDefault(errno) ?? "errno " + errno.ToString(CultureInfo.InvariantCulture);
        return $"{name}: {Marshal.GetPInvokeErrorMessage(errno)}";
    }
}
