namespace Blixard.Hypervisor;

/// <summary>What went wrong with a question to a hypervisor.</summary>
public enum ControlSocketError
{
    /// <summary>There is no such socket: the hypervisor has not made it yet, or has none.</summary>
    Missing = 0,

    /// <summary>The socket is there and nobody listens: what was left of a hypervisor that was killed.</summary>
    Stale,

    /// <summary>We may not connect.</summary>
    Refused,

    /// <summary>No room to connect: others hold the socket, which serves one client at a time.</summary>
    Busy,

    /// <summary>No answer within the deadline. QEMU answers nobody while another client is connected.</summary>
    TimedOut,

    /// <summary>The other side ended the connection before its answer was complete.</summary>
    Closed,

    /// <summary>The hypervisor answered with an error.</summary>
    ErrorAnswer,

    /// <summary>What came is no answer of this protocol, or is far too long for one.</summary>
    Malformed,
}

/// <summary>A question to a hypervisor was not answered.</summary>
public sealed class ControlSocketException(
    ControlSocketError error, string path, string detail, Exception? innerException = null)
    : Exception($"{path}: {detail}", innerException)
{
    public ControlSocketError Error { get; } = error;
}
