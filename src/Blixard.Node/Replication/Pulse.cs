namespace Blixard.Node.Replication;

/// <summary>
/// Wakes everyone who waits. Whoever waits takes <see cref="Next"/> first and looks at the condition afterwards, so
/// that no change is missed in between.
/// </summary>
internal sealed class Pulse
{
    private TaskCompletionSource _next = Create();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Fire() => Interlocked.Exchange(ref _next, Create()).TrySetResult();

    // The one who fires is a loop that must not run the code of those who wait.
    private static TaskCompletionSource Create() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
