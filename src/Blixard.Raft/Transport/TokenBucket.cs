namespace Blixard.Raft.Transport;

/// <summary>
/// So many bytes per second, in the long run, over all who take from it. Whoever takes more than there is waits until
/// the debt is paid, so that any amount passes in the end. Safe for many threads.
/// </summary>
/// <param name="burst">Bytes that may pass at once after a pause.</param>
internal sealed class TokenBucket(long bytesPerSecond, long burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _available = burst;
    private long _since = time.GetTimestamp();

    public ValueTask TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        double debt;
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _available = Math.Min(
                burst, _available + (time.GetElapsedTime(_since, now).TotalSeconds * bytesPerSecond));
            _since = now;
            _available -= bytes;
            debt = -_available;
        }

        return debt <= 0
            ? ValueTask.CompletedTask
            : new(Task.Delay(TimeSpan.FromSeconds(debt / bytesPerSecond), time, cancellationToken));
    }
}
