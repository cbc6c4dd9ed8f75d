using System.Diagnostics;

namespace Blixard.Cluster.Harness;

/// <summary>
/// Waits for real processes, which tell nobody when they are done: looks again and again, up to a limit.
/// </summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> HoldsAsync(string what, TimeSpan within, Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        string? last = null;
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return Stopwatch.GetElapsedTime(started);
                }

                last = null;
            }
            catch (Exception e) when (
                e is Client.ProblemException or Client.EndpointUnreachableException or InvalidOperationException)
            {
                last = e.Message;
            }

            if (Stopwatch.GetElapsedTime(started) > within)
            {
                throw new TimeoutException(
                    $"not within {within.TotalSeconds} s: {what}{(last is null ? "" : $" (last: {last})")}");
            }

            await Task.Delay(Pause);
        }
    }
}
