using System.Collections.Concurrent;
using Blixard.Hypervisor;

namespace Blixard.Node.Tests.Agent;

/// <summary>Hypervisors that say what the test gives them, or nothing until it does.</summary>
internal sealed class FakeGuests(TimeProvider time) : IGuestQuery
{
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly ConcurrentQueue<DateTimeOffset> _times = new();

    /// <summary>What they say; null: their sockets are not there yet.</summary>
    public GuestSize? Size { get; set; }

    /// <summary>They say nothing at all, until they are let go.</summary>
    public bool Silent { get; set; }

    /// <summary>How many questions were ended by who asked.</summary>
    public int LetGo { get; private set; }

    /// <summary>The sockets that were asked, in order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>When they were.</summary>
    public IReadOnlyCollection<DateTimeOffset> Times => _times;

    public async Task<GuestSize> AskSizeAsync(
        ControlProtocol protocol, string socket, CancellationToken cancellationToken)
    {
        _times.Enqueue(time.GetUtcNow());
        _asked.Enqueue(socket);
        if (Silent)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                LetGo++;
                throw;
            }
        }

        return Size ?? throw new ControlSocketException(ControlSocketError.Missing, socket, "there is no such socket");
    }
}
