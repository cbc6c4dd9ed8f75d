using System.Runtime.InteropServices;
using System.Text;

namespace Blixard.Cli;

/// <summary>
/// Standard output that notices when nobody reads any more. The runtime's own console stream pretends that a write into
/// a closed pipe succeeded, so <c>blixard events | head -1</c> would never end.
/// </summary>
internal sealed partial class StandardOutput : Stream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;

    public static TextWriter Open() => OperatingSystem.IsWindows()
        ? Console.Out
        : new StreamWriter(new StandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
        {
            NewLine = "\n",
        };

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The reader is gone (EPIPE), the disk is full (ENOSPC), …</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = Write(Descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
            {
                throw new OutputException(error, Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nuint count);
}

/// <summary>The answer could not be printed.</summary>
internal sealed class OutputException(int error, string message) : IOException(message)
{
    private const int BrokenPipe = 32;

    /// <summary>The reader has seen enough: no failure of ours.</summary>
    public bool ReaderIsGone => error == BrokenPipe;
}
