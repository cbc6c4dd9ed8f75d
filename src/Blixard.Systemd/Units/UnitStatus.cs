namespace Blixard.Systemd.Units;

/// <summary>One row of <c>systemctl list-units</c>: a unit that systemd has in memory.</summary>
/// <param name="Name">The full unit name, for example <c>microvm@web1.service</c>.</param>
/// <param name="LoadState">loaded, not-found, bad-setting, error, masked.</param>
/// <param name="ActiveState">active, reloading, inactive, failed, activating, deactivating, maintenance.</param>
/// <param name="SubState">The type's own state; of a service running, exited, dead, auto-restart, start-pre...</param>
/// <param name="JobType">The job that is queued for it (start, stop...), or null.</param>
public sealed record UnitStatus(
    string Name, string Description, string LoadState, string ActiveState, string SubState, string? JobType);

/// <summary>One row of <c>systemctl list-unit-files</c>: a unit on disk.</summary>
/// <param name="Name">The file's name, for example <c>microvm@.service</c>.</param>
/// <param name="State">enabled, disabled, static, masked, generated...</param>
public sealed record UnitFile(string Name, string Path, string State);
