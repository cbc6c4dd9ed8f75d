namespace Blixard.Systemd;

/// <summary>
/// systemd, its bus or libsystemd cannot be reached, or did not answer in time. Whether a request that was under way
/// took effect is not known: read the unit's state again.
/// </summary>
public sealed class SystemdUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>systemd knows no unit of that name, neither loaded nor on disk.</summary>
public sealed class UnitNotFoundException(string unit, Exception? innerException = null)
    : Exception($"Unit {unit} not found.", innerException)
{
    public string Unit { get; } = unit;
}

/// <summary>
/// systemd refused an operation on a unit, or its job ended otherwise than wanted. Exactly one of
/// <see cref="ErrorName"/> and <see cref="JobResult"/> is set.
/// </summary>
public sealed class UnitOperationException : Exception
{
    private UnitOperationException(
        string unit, string operation, string? errorName, string? jobResult, string message, Exception? inner)
        : base(message, inner)
    {
        Unit = unit;
        Operation = operation;
        ErrorName = errorName;
        JobResult = jobResult;
    }

    public string Unit { get; }

    /// <summary>The method of org.freedesktop.systemd1.Manager, for example <c>StartUnit</c>.</summary>
    public string Operation { get; }

    /// <summary>The D-Bus error, for example <c>org.freedesktop.systemd1.UnitMasked</c>.</summary>
    public string? ErrorName { get; }

    /// <summary>
    /// The job's result as in <c>JobRemoved</c> (org.freedesktop.systemd1(5)): failed, timeout, canceled, dependency...
    /// </summary>
    public string? JobResult { get; }

    internal static UnitOperationException Refused(
        string unit, string operation, string errorName, string detail, Exception inner) =>
        new(unit, operation, errorName, null, $"{operation} {unit} was refused: {detail} ({errorName})", inner);

    internal static UnitOperationException JobEnded(string unit, string operation, string jobResult) =>
        new(unit, operation, null, jobResult, $"{operation} {unit}: the job ended with result '{jobResult}'.", null);
}

/// <summary>The journal cannot be opened or read.</summary>
public sealed class JournalUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
