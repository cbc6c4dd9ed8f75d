namespace Blixard.Systemd.Bus;

/// <summary>The other side answered with an error. What it means for a unit, the caller of the method knows.</summary>
internal sealed class BusCallException(string errorName, string detail) : Exception($"{errorName}: {detail}")
{
    public string ErrorName { get; } = errorName;

    public string Detail { get; } = detail;
}
