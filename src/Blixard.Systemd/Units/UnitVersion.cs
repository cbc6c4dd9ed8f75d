namespace Blixard.Systemd.Units;

/// <summary>
/// A service at one of its changes. The time of the last change grows with every change of the state; the other two may
/// change without it: a service may name another main process (sd_notify(3), MAINPID=), and <c>systemctl reset-failed</c>
/// sets the counter back.
/// </summary>
/// <param name="StateChangeMonotonic">As in <see cref="UnitDetails"/>.</param>
/// <param name="MainPid">As in <see cref="UnitDetails"/>.</param>
/// <param name="Restarts">As in <see cref="UnitDetails"/>.</param>
public readonly record struct UnitVersion(ulong StateChangeMonotonic, int? MainPid, uint Restarts);
