using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Hypervisor.Control;

/// <summary>
/// The address of a socket by its path. An address holds 107 bytes (unix(7)), and microvm.nix names a VM twice in one,
/// so a longer path is reached through its directory, which is kept open meanwhile: /proc/self/fd/N/NAME.
/// </summary>
internal sealed partial class SocketAddress : IDisposable
{
    private const int MaxPathBytes = 107;

    // open(2): O_PATH needs no right to read the directory.
    private const int PathDirectoryCloseOnExec = 0x200000 | 0x10000 | 0x80000;

    private readonly SafeFileHandle? _directory;

    private SocketAddress(UnixDomainSocketEndPoint endPoint, SafeFileHandle? directory)
    {
        EndPoint = endPoint;
        _directory = directory;
    }

    public UnixDomainSocketEndPoint EndPoint { get; }

    /// <exception cref="ControlSocketException">The path can't be made an address.</exception>
    public static SocketAddress Of(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) <= MaxPathBytes)
        {
            return new(new(path), null);
        }

        var name = Path.GetFileName(path);
        var directory = new SafeFileHandle(open(Path.GetDirectoryName(path) ?? "/", PathDirectoryCloseOnExec), true);
        var number = directory.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
        var through = $"/proc/self/fd/{number}/{name}";
        if (!directory.IsInvalid && Encoding.UTF8.GetByteCount(through) <= MaxPathBytes)
        {
            return new(new(through), directory);
        }

        var missing = directory.IsInvalid;
        directory.Dispose();
        throw missing
            ? new ControlSocketException(ControlSocketError.Missing, path, "its directory cannot be opened")
            : new ControlSocketException(ControlSocketError.Refused, path, "the name is too long for a socket");
    }

    public void Dispose() => _directory?.Dispose();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);
}
