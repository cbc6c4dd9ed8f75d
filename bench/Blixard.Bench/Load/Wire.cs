using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Blixard.Bench.Load;

/// <param name="Path">Where it goes; HTTP/1.1 has it in <paramref name="Bytes"/>.</param>
/// <param name="Bytes">The whole request of HTTP/1.1, or the message of gRPC.</param>
internal sealed record Request(string Path, byte[] Bytes);

/// <summary>
/// One connection of the load generator, with one request under way per slot. A thread that is told by
/// <see cref="Poller"/> that there is something to read calls <see cref="Receive"/>.
/// </summary>
internal abstract class Wire : IDisposable
{
    private readonly Socket _socket;
    private byte[] _out = new byte[64 << 10];
    private int _outLength;
    private byte[] _in = new byte[256 << 10];
    private int _inLength;

    protected Wire(IPEndPoint endPoint)
    {
        EndPoint = endPoint;
        _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            _socket.Connect(endPoint);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Descriptor = (int)_socket.Handle;
    }

    public IPEndPoint EndPoint { get; }

    public int Descriptor { get; }

    /// <summary>The server closed it, or broke the protocol; nothing more will come.</summary>
    public bool IsOver { get; private set; }

    /// <summary>A slot's request is answered: the slot, and if it was done as asked.</summary>
    public Action<Wire, int, bool> Answered { get; set; } = static (_, _, _) => { };

    /// <summary>Puts a request into the buffer; <see cref="Flush"/> sends it.</summary>
    public abstract void Begin(int slot, Request request);

    public void Flush()
    {
        var at = 0;
        while (at < _outLength && !IsOver)
        {
            // What waits is small, so the socket takes it; blocks where it does not.
            var sent = LibC.Send(Descriptor, _out.AsSpan(at, _outLength - at), _outLength - at, LibC.NoSignal);
            if (sent < 0)
            {
                IsOver = Marshal.GetLastPInvokeError() != LibC.Interrupted;
                continue;
            }

            at += (int)sent;
        }

        _outLength = 0;
    }

    /// <summary>Takes all that has come, calls <see cref="Answered"/>, and sends what those calls began.</summary>
    public void Receive()
    {
        while (!IsOver)
        {
            if (_inLength == _in.Length)
            {
                Array.Resize(ref _in, _in.Length * 2);
            }

            var room = _in.Length - _inLength;
            var got = (int)LibC.Receive(Descriptor, _in.AsSpan(_inLength), room, LibC.DontWait);
            if (got < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                IsOver = error is not (LibC.TryAgain or LibC.Interrupted);
                break;
            }

            IsOver = got == 0;
            _inLength += got;
            var used = Parse(_in.AsSpan(0, _inLength));
            _in.AsSpan(used, _inLength - used).CopyTo(_in);
            _inLength -= used;
            if (got < room)
            {
                break;
            }
        }

        Flush();
    }

    public void Dispose() => _socket.Dispose();

    protected Span<byte> Take(int count)
    {
        if (_out.Length - _outLength < count)
        {
            Array.Resize(ref _out, Math.Max(_out.Length * 2, _outLength + count));
        }

        _outLength += count;
        return _out.AsSpan(_outLength - count, count);
    }

    protected void Broken() => IsOver = true;

    /// <summary>Handles whole messages and says how many bytes they were.</summary>
    protected abstract int Parse(ReadOnlySpan<byte> received);
}
