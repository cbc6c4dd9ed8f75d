using System.Text.Json;

namespace Blixard.Hypervisor.Qmp;

/// <summary>What QEMU says of its guest (QEMU QMP Reference Manual).</summary>
internal static class QmpGuest
{
    public static async Task<GuestSize> SizeAsync(string path, CancellationToken cancellationToken)
    {
        using var session = await QmpSession.OpenAsync(path, cancellationToken);
        ulong memory;
        using (var answer = await session.ExecuteAsync("query-memory-size-summary", cancellationToken))
        {
            var summary = answer.RootElement.GetProperty("return");
            if (Bytes(summary, "base-memory") is not (> 0 and var atStart))
            {
                throw session.Malformed("query-memory-size-summary tells no base-memory");
            }

            memory = atStart + (Bytes(summary, "plugged-memory") ?? 0);
        }

        try
        {
            using var answer = await session.ExecuteAsync("query-cpus-fast", cancellationToken);
            var cpus = answer.RootElement.GetProperty("return");
            return new(memory, cpus.ValueKind == JsonValueKind.Array ? cpus.GetArrayLength() : null);
        }
        catch (ControlSocketException e) when (e.Error == ControlSocketError.ErrorAnswer)
        {
            return new(memory, null);
        }
    }

    private static ulong? Bytes(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetUInt64(out var bytes)
        && bytes <= long.MaxValue / 2
            ? bytes
            : null;
}
