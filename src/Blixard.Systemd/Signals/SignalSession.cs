using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Signals;

/// <summary>
/// One life of the signal connection, on the thread that calls it: open, subscribe, pass signals on until woken or
/// broken. Signals have a connection of their own: beside calls they waited 3.4 s in a burst of 1,000 starts, on their
/// own 0.8 ms.
/// </summary>
internal sealed class SignalSession(BusAddress address, TimeSpan timeout)
{
    private const string Destination = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string Manager = "org.freedesktop.systemd1.Manager";
    private const string FromManager = $"type='signal',sender='{Destination}',interface='{Manager}',member=";

    private static readonly string[] Matches =
    [
        $"type='signal',sender='{Destination}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
            + $"path_namespace='{ManagerPath}/unit',arg0='org.freedesktop.systemd1.Unit'",
        FromManager + "'UnitRemoved'",
        FromManager + "'JobRemoved'",
        FromManager + "'Reloading'",
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',"
            + $"arg0='{Destination}'",
    ];

    /// <summary>
    /// Returns when <paramref name="cancellationToken"/> is cancelled, which must also set the waker.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">The connection could not be made, or broke.</exception>
    public void Run(ISignalSink sink, Waker waker, CancellationToken cancellationToken)
    {
        using var connection = BusConnection.Open(address, timeout);
        if (address.HasBusDaemon)
        {
            foreach (var match in Matches)
            {
                AddMatch(connection, match);
            }
        }

        // systemd sends signals only while somebody is subscribed; the subscription ends with the connection.
        Subscribe(connection);
        sink.Connected();
        Func<string, bool> wanted = sink.Wants;
        while (!cancellationToken.IsCancellationRequested)
        {
            var more = connection.Process(out var message);
            if (message is not null)
            {
                using (message)
                {
                    Handle(connection, message, sink, wanted);
                }
            }
            else if (!more)
            {
                connection.Wait(waker, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Handle(BusConnection connection, BusMessage message, ISignalSink sink, Func<string, bool> wanted)
    {
        if (SignalReader.IsDisconnected(message))
        {
            throw new SystemdUnavailableException($"{address} closed the connection.");
        }

        if (SignalReader.Read(message, wanted) is not { } signal)
        {
            return;
        }

        if (signal is ManagerReturnedSignal)
        {
            Subscribe(connection);
        }

        sink.Received(signal);
    }

    private void AddMatch(BusConnection connection, string match)
    {
        using var request = connection.NewCall(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch");
        Send(connection, request.Append(match));
    }

    private void Subscribe(BusConnection connection)
    {
        using var request = connection.NewCall(Destination, ManagerPath, Manager, "Subscribe");
        try
        {
            Send(connection, request);
        }
        catch (BusCallException e) when (e.ErrorName == "org.freedesktop.systemd1.AlreadySubscribed")
        {
            // It kept the subscription over its re-execution.
        }
    }

    private void Send(BusConnection connection, BusMessage request)
    {
        using var reply = connection.Call(request, timeout);
    }
}
