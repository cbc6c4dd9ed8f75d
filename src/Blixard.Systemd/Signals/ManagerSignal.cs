using Blixard.Systemd.Units;

namespace Blixard.Systemd.Signals;

/// <summary>A signal of systemd that we use. A closed hierarchy: all cases are in this file.</summary>
internal abstract record ManagerSignal;

/// <summary>PropertiesChanged of a unit. About 15 come with every start, and the first repeats the old state.</summary>
internal sealed record UnitPropertiesSignal(UnitStateChange Change) : ManagerSignal;

/// <summary>The unit is no longer in memory. Also sent for every unit while systemd reloads.</summary>
internal sealed record UnitRemovedSignal(string Unit) : ManagerSignal;

/// <summary>A daemon-reload begins, or has ended.</summary>
internal sealed record ReloadingSignal(bool Begins) : ManagerSignal;

/// <summary>A job has ended.</summary>
internal sealed record JobRemovedSignal(string Job, string Unit, string Result) : ManagerSignal;

/// <summary>systemd took its name on the bus anew: it was executed anew, and subscriptions may be gone.</summary>
internal sealed record ManagerReturnedSignal : ManagerSignal;
