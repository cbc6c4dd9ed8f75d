using Blixard.Systemd.Bus;
using Blixard.Systemd.Signals;

namespace Blixard.Systemd.Units;

/// <summary>Calls to one manager: what their errors mean, and how the end of a job is waited for.</summary>
internal sealed class UnitCalls(CallConnection calls, JobTracker jobs, TimeSpan timeout)
{
    private static readonly HashSet<string> NotFoundErrors = new(StringComparer.Ordinal)
    {
        "org.freedesktop.systemd1.NoSuchUnit",
        "org.freedesktop.DBus.Error.UnknownObject",
    };

    /// <summary>How long a single call may take.</summary>
    public TimeSpan Timeout => timeout;

    /// <param name="method">The method of the manager, for messages.</param>
    /// <param name="unit">The unit that it is about, for messages.</param>
    /// <param name="call">Runs on the connection's thread.</param>
    public async Task<T> CallAsync<T>(
        string method, string unit, Func<BusConnection, T> call, CancellationToken cancellationToken)
    {
        try
        {
            return await calls.RunAsync(call, cancellationToken);
        }
        catch (BusCallException e) when (NotFoundErrors.Contains(e.ErrorName))
        {
            throw new UnitNotFoundException(unit, e);
        }
        catch (BusCallException e)
        {
            throw UnitOperationException.Refused(unit, method, e.ErrorName, e.Detail, e);
        }
    }

    /// <param name="enqueue">Sends the call and returns the path of the job.</param>
    /// <returns>The job's result: done or skipped.</returns>
    public async Task<string> RunJobAsync(
        string method,
        string unit,
        Func<BusConnection, string> enqueue,
        TimeSpan jobTimeout,
        CancellationToken cancellationToken)
    {
        using var wait = await jobs.ListenAsync(timeout, cancellationToken);
        var job = await CallAsync(method, unit, enqueue, cancellationToken);
        string result;
        try
        {
            result = await wait.EndOfAsync(job, jobTimeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(
                $"{method} {unit}: the job is still running after {jobTimeout.TotalSeconds:0.#} s.", e);
        }

        return result is "done" or "skipped" ? result : throw UnitOperationException.JobEnded(unit, method, result);
    }
}
