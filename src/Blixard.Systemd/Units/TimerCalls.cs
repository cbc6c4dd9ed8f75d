using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Units;

/// <summary>The wire form of the calls about timers and launches (org.freedesktop.systemd1(5)).</summary>
internal static class TimerCalls
{
    private const string Destination = "org.freedesktop.systemd1";
    private const string Path = "/org/freedesktop/systemd1";
    private const string Manager = "org.freedesktop.systemd1.Manager";
    private const string Properties = "org.freedesktop.DBus.Properties";

    /// <returns>The job's object path.</returns>
    public static string StartTransient(BusConnection bus, TransientTimer timer, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, "StartTransientUnit");
        request.Append(timer.Name).Append("fail").OpenContainer('a', "(sv)");
        Property(request, "TimersMonotonic", "a(st)", value => value
            .OpenContainer('a', "(st)").OpenContainer('r', "st")
            .Append("OnBootSec").Append(timer.AfterBootMicroseconds)
            .CloseContainer().CloseContainer());
        Property(request, "AccuracyUSec", "t", value => value.Append(timer.AccuracyMicroseconds));
        Property(request, "CollectMode", "s", value => value.Append("inactive-or-failed"));
        Property(request, "DefaultDependencies", "b", value => value.Append(false));
        Property(request, "IgnoreOnIsolate", "b", value => value.Append(true));
        // No auxiliary units.
        request.CloseContainer().OpenContainer('a', "(sa(sv))").CloseContainer();
        using var reply = bus.Call(request, timeout);
        return reply.ReadObjectPath();
    }

    public static TimerDetails GetTimer(BusConnection bus, string unit, TimeSpan timeout)
    {
        using var reply = GetAll(bus, unit, timeout);
        var details = new TimerDetails(unit, "", "", "", "", null);
        reply.EnterArray("{sv}");
        while (reply.NextProperty(out var name))
        {
            details = name switch
            {
                "LoadState" => details with { LoadState = reply.VariantString() },
                "ActiveState" => details with { ActiveState = reply.VariantString() },
                "SubState" => details with { SubState = reply.VariantString() },
                "Unit" => details with { Unit = reply.VariantString() },
                "NextElapseUSecMonotonic" => details with { NextElapseMonotonic = Time(reply) },
                _ => Skip(reply, details),
            };
            reply.EndProperty();
        }

        reply.Exit();
        return Complete(details, unit, details.LoadState, details.ActiveState);
    }

    public static LaunchDetails GetLaunch(BusConnection bus, string unit, TimeSpan timeout)
    {
        using var reply = GetAll(bus, unit, timeout);
        var details = new LaunchDetails { Name = unit, LoadState = "", ActiveState = "" };
        reply.EnterArray("{sv}");
        while (reply.NextProperty(out var name))
        {
            details = name switch
            {
                "LoadState" => details with { LoadState = reply.VariantString() },
                "ActiveState" => details with { ActiveState = reply.VariantString() },
                "SubState" => details with { SubState = reply.VariantString() },
                "ExecStart" => details with { ExecStart = reply.VariantCommands() },
                "Slice" => details with { Slice = reply.VariantString() },
                "ControlGroup" =>
                    details with { ControlGroup = reply.VariantString() is { Length: > 0 } path ? path : null },
                "NeedDaemonReload" => details with { NeedsDaemonReload = reply.VariantBoolean() },
                "Job" => details with { HasJob = reply.VariantJob() != 0 },
                "JobRunningTimeoutUSec" => details with { JobRunningTimeoutMicroseconds = Time(reply) },
                "JobTimeoutAction" => details with { JobTimeoutAction = reply.VariantString() },
                "FailureAction" => details with { FailureAction = reply.VariantString() },
                _ => Skip(reply, details),
            };
            reply.EndProperty();
        }

        reply.Exit();
        return Complete(details, unit, details.LoadState, details.ActiveState);
    }

    public static bool Kill(BusConnection bus, string unit, TimeSpan timeout)
    {
        const int SigKill = 9;
        using var request = bus.NewCall(Destination, Path, Manager, "KillUnit");
        using var reply = bus.Call(request.Append(unit).Append("all").Append(SigKill), timeout);
        return true;
    }

    public static ulong GetUserspaceStart(BusConnection bus, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Properties, "Get");
        using var reply = bus.Call(request.Append(Manager).Append("UserspaceTimestampMonotonic"), timeout);
        return reply.VariantUInt64();
    }

    private static BusMessage GetAll(BusConnection bus, string unit, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, UnitPaths.Encode(unit), Properties, "GetAll");
        return bus.Call(request.Append(""), timeout);
    }

    private static void Property(BusMessage request, string name, string type, Action<BusMessage> value)
    {
        request.OpenContainer('r', "sv").Append(name).OpenContainer('v', type);
        value(request);
        request.CloseContainer().CloseContainer();
    }

    // systemd says infinity for "never", and 0 for a timer that has no time.
    private static ulong? Time(BusMessage reply) =>
        reply.VariantUInt64() is > 0 and < ulong.MaxValue and var time ? time : null;

    private static T Skip<T>(BusMessage reply, T details)
    {
        reply.SkipVariant();
        return details;
    }

    private static T Complete<T>(T details, string unit, string load, string active) =>
        load.Length > 0 && active.Length > 0
            ? details
            : throw new SystemdUnavailableException($"systemd's answer about {unit} lacks its state.");
}
