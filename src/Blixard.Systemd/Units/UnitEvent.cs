namespace Blixard.Systemd.Units;

/// <summary>
/// What a watch tells. A closed hierarchy: all cases are in this file. An event wakes; what is acted on is read from
/// systemd then, never taken from the event.
/// </summary>
public abstract record UnitEvent
{
    private protected UnitEvent()
    {
    }

    /// <summary>
    /// True if changes may have been missed before this event: list all units now. Later events tell of changes after
    /// that list, or repeat it.
    /// </summary>
    public virtual bool ListAgain => false;
}

/// <summary>A unit changed its state. Repetitions of the same change are left out.</summary>
/// <param name="Change">The state that the signal carried.</param>
public sealed record UnitChanged(UnitStateChange Change) : UnitEvent;

/// <summary>systemd forgot a unit: it is inactive and nothing refers to it.</summary>
public sealed record UnitGone(string Unit) : UnitEvent;

/// <summary>
/// systemd has read its unit files anew, or was executed anew. The removal and reappearance of every unit in between
/// is left out.
/// </summary>
public sealed record Reloaded : UnitEvent
{
    public override bool ListAgain => true;
}

/// <summary>Signals arrive, for the first time.</summary>
public sealed record Connected : UnitEvent
{
    public override bool ListAgain => true;
}

/// <summary>Signals arrive again after a <see cref="Disconnected"/>.</summary>
public sealed record Reconnected : UnitEvent
{
    public override bool ListAgain => true;
}

/// <summary>The connection broke, or an attempt to make it failed. It is tried again.</summary>
/// <param name="Reason">What happened, for a log.</param>
/// <param name="RetryIn">How long until the next attempt.</param>
public sealed record Disconnected(string Reason, TimeSpan RetryIn) : UnitEvent;

/// <summary>The reader was too slow and events were dropped.</summary>
public sealed record EventsLost : UnitEvent
{
    public override bool ListAgain => true;
}

/// <summary>A unit's state as a PropertiesChanged signal carried it.</summary>
/// <param name="ChangedAt">Wall clock of the change; null if systemd never noted one.</param>
/// <param name="Monotonic">CLOCK_MONOTONIC microseconds of the change: grows with every change within a boot.</param>
public sealed record UnitStateChange(
    string Unit, string ActiveState, string SubState, DateTimeOffset? ChangedAt, ulong Monotonic);
