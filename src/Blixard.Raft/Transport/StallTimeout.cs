namespace Blixard.Raft.Transport;

/// <summary>Cancels what has made no progress for a while; however long the whole takes.</summary>
internal sealed class StallTimeout : IDisposable
{
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _either;

    public StallTimeout(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        _patience = patience;
        _timeout = new(patience, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, cancellationToken);
    }

    public CancellationToken Token => _either.Token;

    public void Progress() => _timeout.CancelAfter(_patience);

    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}
