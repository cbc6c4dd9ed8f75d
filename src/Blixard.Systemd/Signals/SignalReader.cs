using Blixard.Systemd.Bus;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Signals;

/// <summary>Reads signals out of messages; all others are null.</summary>
internal static class SignalReader
{
    private const string Manager = "org.freedesktop.systemd1.Manager";
    private const string Unit = "org.freedesktop.systemd1.Unit";
    private const string Properties = "org.freedesktop.DBus.Properties";

    /// <param name="wanted">Whether anybody wants to know of a unit: asked before the rest of a signal is read.</param>
    public static ManagerSignal? Read(BusMessage message, Func<string, bool> wanted)
    {
        if (message.IsSignal(Properties, "PropertiesChanged"))
        {
            return UnitPaths.Decode(message.Path) is { } unit && wanted(unit) && message.ReadString() == Unit
                ? ReadState(message, unit)
                : null;
        }

        if (message.IsSignal(Manager, "UnitRemoved"))
        {
            var unit = message.ReadString();
            return wanted(unit) ? new UnitRemovedSignal(unit) : null;
        }

        if (message.IsSignal(Manager, "JobRemoved"))
        {
            message.Skip("u");
            return new JobRemovedSignal(message.ReadObjectPath(), message.ReadString(), message.ReadString());
        }

        if (message.IsSignal(Manager, "Reloading"))
        {
            return new ReloadingSignal(message.ReadBoolean());
        }

        if (message.IsSignal("org.freedesktop.DBus", "NameOwnerChanged"))
        {
            message.Skip("ss");
            return message.ReadString().Length > 0 ? new ManagerReturnedSignal() : null;
        }

        return null;
    }

    /// <summary>True if the bus tells us that it has closed our connection.</summary>
    public static bool IsDisconnected(BusMessage message) =>
        message.IsSignal("org.freedesktop.DBus.Local", "Disconnected");

    private static UnitPropertiesSignal? ReadState(BusMessage message, string unit)
    {
        string? active = null;
        string? sub = null;
        ulong changedAt = 0;
        ulong monotonic = 0;
        message.EnterArray("{sv}");
        while (message.NextProperty(out var name))
        {
            switch (name)
            {
                case "ActiveState":
                    active = message.VariantString();
                    break;
                case "SubState":
                    sub = message.VariantString();
                    break;
                case "StateChangeTimestamp":
                    changedAt = message.VariantUInt64();
                    break;
                case "StateChangeTimestampMonotonic":
                    monotonic = message.VariantUInt64();
                    break;
                default:
                    message.SkipVariant();
                    break;
            }

            message.EndProperty();
        }

        // systemd sends these four together; a signal without them tells of something else.
        return active is null || sub is null
            ? null
            : new(new UnitStateChange(unit, active, sub, UnitTimes.FromMicroseconds(changedAt), monotonic));
    }
}
