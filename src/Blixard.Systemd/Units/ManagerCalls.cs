using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Units;

/// <summary>
/// The wire form of each call: what is sent, and how the answer is read (org.freedesktop.systemd1(5)).
/// </summary>
internal static class ManagerCalls
{
    private const string Destination = "org.freedesktop.systemd1";
    private const string Path = "/org/freedesktop/systemd1";
    private const string Manager = "org.freedesktop.systemd1.Manager";
    private const string Unit = "org.freedesktop.systemd1.Unit";
    private const string Service = "org.freedesktop.systemd1.Service";
    private const string Properties = "org.freedesktop.DBus.Properties";

    public static IReadOnlyList<UnitStatus> ListUnits(
        BusConnection bus, IReadOnlyList<string> patterns, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, "ListUnitsByPatterns");
        using var reply = bus.Call(request.Append([]).Append(patterns), timeout);
        var units = new List<UnitStatus>();
        reply.EnterArray("(ssssssouso)");
        while (reply.EnterStruct("ssssssouso"))
        {
            var name = reply.ReadString();
            var description = reply.ReadString();
            var load = reply.ReadString();
            var active = reply.ReadString();
            var sub = reply.ReadString();
            reply.Skip("sou");
            var job = reply.ReadString();
            reply.Skip("o");
            reply.Exit();
            units.Add(new(name, description, load, active, sub, job.Length == 0 ? null : job));
        }

        reply.Exit();
        return units;
    }

    public static IReadOnlyList<UnitFile> ListUnitFiles(
        BusConnection bus, IReadOnlyList<string> patterns, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, "ListUnitFilesByPatterns");
        using var reply = bus.Call(request.Append([]).Append(patterns), timeout);
        var files = new List<UnitFile>();
        reply.EnterArray("(ss)");
        while (reply.EnterStruct("ss"))
        {
            var path = reply.ReadString();
            files.Add(new(System.IO.Path.GetFileName(path), path, reply.ReadString()));
            reply.Exit();
        }

        reply.Exit();
        return files;
    }

    /// <summary>
    /// All properties of all interfaces of the unit in one answer, so that state, process and timestamp belong
    /// together.
    /// </summary>
    public static UnitDetails GetUnit(BusConnection bus, string unit, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, UnitPaths.Encode(unit), Properties, "GetAll");
        using var reply = bus.Call(request.Append(""), timeout);
        return UnitProperties.Read(reply, unit);
    }

    /// <summary>
    /// Three properties of each unit by themselves: all of one's together make systemd write some 300. Null for a unit
    /// about which systemd answers with an error.
    /// </summary>
    public static UnitVersion?[] GetVersions(BusConnection bus, IReadOnlyList<string> units, TimeSpan timeout)
    {
        (string Interface, string Name)[] properties =
            [(Unit, "StateChangeTimestampMonotonic"), (Service, "MainPID"), (Service, "NRestarts")];
        var requests = new List<BusMessage>(units.Count * properties.Length);
        var values = new ulong?[units.Count * properties.Length];
        try
        {
            foreach (var path in units.Select(UnitPaths.Encode))
            {
                foreach (var (@interface, name) in properties)
                {
                    requests.Add(bus.NewCall(Destination, path, Properties, "Get"));
                    requests[^1].Append(@interface).Append(name);
                }
            }

            bus.CallAll(requests, timeout, (place, reply) => values[place] = reply.IsError ? null
                : place % properties.Length == 0 ? reply.VariantUInt64()
                : reply.VariantUInt32());
        }
        finally
        {
            requests.ForEach(static request => request.Dispose());
        }

        return
        [
            .. values.Chunk(properties.Length).Select(static of => of is [{ } changed, { } pid, { } restarts]
                ? new UnitVersion(changed, pid > 0 ? (int)pid : null, (uint)restarts)
                : (UnitVersion?)null),
        ];
    }

    /// <param name="method">StartUnit, StopUnit, RestartUnit.</param>
    /// <returns>The job's object path.</returns>
    public static string Enqueue(BusConnection bus, string method, string unit, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, method);
        using var reply = bus.Call(request.Append(unit).Append("replace"), timeout);
        return reply.ReadObjectPath();
    }

    public static bool ResetFailed(BusConnection bus, string unit, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, "ResetFailedUnit");
        using var reply = bus.Call(request.Append(unit), timeout);
        return true;
    }

    public static bool Reload(BusConnection bus, TimeSpan timeout)
    {
        using var request = bus.NewCall(Destination, Path, Manager, "Reload");
        using var reply = bus.Call(request, timeout);
        return true;
    }
}
