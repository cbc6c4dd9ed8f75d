using System.Diagnostics;
using Blixard.Hypervisor.Control;
using Blixard.Hypervisor.Http;
using Blixard.Hypervisor.Qmp;

namespace Blixard.Hypervisor;

/// <summary>Asks hypervisors about their guests.</summary>
public interface IGuestQuery
{
    /// <summary>
    /// One connection for this one question, closed before this returns: QEMU's socket serves one client at a time, and
    /// <c>microvm-shutdown</c> must not find it taken.
    /// </summary>
    /// <param name="socket">The socket's path; it may be longer than a socket address can be (unix(7)).</param>
    /// <param name="cancellationToken">Ends the question and closes the connection at once.</param>
    /// <exception cref="ControlSocketException">There is no answer; its kind says why.</exception>
    Task<GuestSize> AskSizeAsync(ControlProtocol protocol, string socket, CancellationToken cancellationToken);
}

/// <param name="deadline">For the whole question, from the connection to the end of the answer.</param>
public sealed class GuestQuery(TimeSpan deadline, TimeProvider time) : IGuestQuery
{
    public Task<GuestSize> AskSizeAsync(
        ControlProtocol protocol, string socket, CancellationToken cancellationToken) => ControlSocket.WithinAsync(
        socket,
        deadline,
        time,
        token => protocol switch
        {
            ControlProtocol.Qmp => QmpGuest.SizeAsync(socket, token),
            ControlProtocol.CloudHypervisor => CloudHypervisorGuest.SizeAsync(socket, token),
            ControlProtocol.Firecracker => FirecrackerGuest.SizeAsync(socket, token),
            _ => throw new UnreachableException($"protocol {protocol}"),
        },
        cancellationToken);
}
