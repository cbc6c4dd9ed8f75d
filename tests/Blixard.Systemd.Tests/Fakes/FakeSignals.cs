using Blixard.Systemd.Bus;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Fakes;

/// <summary>A signal, and how its body is written.</summary>
internal sealed record FakeSignal(string Path, string Interface, string Member, Action<BusMessage> Body);

internal static class FakeSignals
{
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string Manager = "org.freedesktop.systemd1.Manager";

    public static string PathOf(string unit) => UnitPaths.Encode(unit);

    public static string UnitAt(string path) => UnitPaths.Decode(path)!;

    public static string JobPath(uint job) => $"{ManagerPath}/job/{job}";

    public static FakeSignal UnitRemoved(string unit) =>
        new(ManagerPath, Manager, "UnitRemoved", m => m.Write('s', unit).Write('o', PathOf(unit)));

    public static FakeSignal Reloading(bool active) =>
        new(ManagerPath, Manager, "Reloading", m => m.Write('b', active));

    public static FakeSignal JobRemoved(uint job, string unit, string result) =>
        new(ManagerPath, Manager, "JobRemoved", m => m
            .Write('u', job).Write('o', JobPath(job)).Write('s', unit).Write('s', result));

    public static FakeSignal PropertiesChanged(string unit, string active, string sub, ulong changedAt) =>
        new(PathOf(unit), "org.freedesktop.DBus.Properties", "PropertiesChanged", m => m
            .Write('s', "org.freedesktop.systemd1.Unit")
            .WriteProperties(new Dictionary<string, object>
            {
                ["ActiveState"] = active,
                ["SubState"] = sub,
                ["StateChangeTimestamp"] = changedAt == 0 ? 0ul : 1_700_000_000_000_000ul + changedAt,
                ["StateChangeTimestampMonotonic"] = changedAt,
                ["Job"] = 0u,
            })
            .Append([]));
}
