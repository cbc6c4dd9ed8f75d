namespace Blixard.Systemd.Signals;

/// <summary>What a <see cref="SignalSession"/> reports to; called on the session's thread, in order.</summary>
internal interface ISignalSink
{
    /// <summary>Signals arrive from now on.</summary>
    void Connected();

    bool Wants(string unit);

    void Received(ManagerSignal signal);
}

/// <summary>Who hears signals. Calls come one at a time and in order, and must not block.</summary>
internal interface ISignalListener
{
    bool Wants(string unit);

    void OnConnected(bool again);

    void OnDisconnected(string reason, TimeSpan retryIn);

    void OnSignal(ManagerSignal signal);

    /// <summary>No signal will come any more. The exception is null if that is wanted.</summary>
    void OnClosed(Exception? bug);
}
