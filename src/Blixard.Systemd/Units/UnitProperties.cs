using Blixard.Systemd.Bus;

namespace Blixard.Systemd.Units;

/// <summary>Reads <see cref="UnitDetails"/> from the answer to GetAll.</summary>
internal static class UnitProperties
{
    public static UnitDetails Read(BusMessage reply, string unit)
    {
        var details = new UnitDetails { Name = unit, LoadState = "", ActiveState = "", SubState = "" };
        reply.EnterArray("{sv}");
        while (reply.NextProperty(out var name))
        {
            details = Add(details, name, reply);
            reply.EndProperty();
        }

        reply.Exit();
        return details.LoadState.Length > 0 && details.ActiveState.Length > 0
            ? details
            : throw new SystemdUnavailableException($"systemd's answer about {unit} lacks its state.");
    }

    private static UnitDetails Add(UnitDetails details, string name, BusMessage reply)
    {
        switch (name)
        {
            case "Id":
                return details with { Name = reply.VariantString() };
            case "LoadState":
                return details with { LoadState = reply.VariantString() };
            case "ActiveState":
                return details with { ActiveState = reply.VariantString() };
            case "SubState":
                return details with { SubState = reply.VariantString() };
            case "FragmentPath":
                return details with { FragmentPath = Text(reply) };
            case "WorkingDirectory":
                return details with { WorkingDirectory = Directory(reply.VariantString()) };
            case "InvocationID":
                return details with { InvocationId = Id(reply.VariantBytes()) };
            case "StateChangeTimestamp":
                return details with { StateChangedAt = UnitTimes.FromMicroseconds(reply.VariantUInt64()) };
            case "StateChangeTimestampMonotonic":
                return details with { StateChangeMonotonic = reply.VariantUInt64() };
            case "ActiveEnterTimestamp":
                return details with { ActiveSince = UnitTimes.FromMicroseconds(reply.VariantUInt64()) };
            case "MainPID":
                return details with { MainPid = reply.VariantUInt32() is > 0 and var pid ? (int)pid : null };
            case "ControlGroup":
                return details with { ControlGroup = Text(reply) };
            case "Result":
                return details with { Result = Text(reply) };
            case "ExecMainCode":
                return details with { ExecMainCode = reply.VariantInt32() };
            case "ExecMainStatus":
                return details with { ExecMainStatus = reply.VariantInt32() };
            case "NRestarts":
                return details with { Restarts = reply.VariantUInt32() };
            case "StatusText":
                return details with { StatusText = Text(reply) };
            case "MemoryCurrent":
                return details with { MemoryCurrentBytes = Counter(reply) };
            case "MemoryMax":
                return details with { MemoryMaxBytes = Counter(reply) };
            case "CPUUsageNSec":
                return details with { CpuUsageNanoseconds = Counter(reply) };
            case "TasksCurrent":
                return details with { TasksCurrent = Counter(reply) };
            case "TasksMax":
                return details with { TasksMax = Counter(reply) };
            case "IPIngressBytes":
                return details with { IpIngressBytes = Counter(reply) };
            case "IPEgressBytes":
                return details with { IpEgressBytes = Counter(reply) };
            default:
                reply.SkipVariant();
                return details;
        }
    }

    // "!" in front says that it may be missing; "~", the user's home, is no path.
    private static string? Directory(string value) =>
        value.TrimStart('!') is ['/', ..] path ? path : null;

    private static string? Text(BusMessage reply) => reply.VariantString() is { Length: > 0 } text ? text : null;

    /// <summary>
    /// systemd says UInt64.MaxValue for a counter that it does not keep, and for a limit that is not set.
    /// </summary>
    private static ulong? Counter(BusMessage reply) =>
        reply.VariantUInt64() is < ulong.MaxValue and var value ? value : null;

    private static string? Id(byte[] bytes) => bytes.Length == 0 ? null : Convert.ToHexStringLower(bytes);
}
