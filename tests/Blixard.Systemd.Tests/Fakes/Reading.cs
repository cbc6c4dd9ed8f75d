using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Native;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Fakes;

internal static class Reading
{
    /// <summary>The next string of an entered array; false at its end.</summary>
    public static unsafe bool TryReadString(this BusMessage message, [NotNullWhen(true)] out string? value)
    {
        byte* text;
        var result = LibSystemdBus.sd_bus_message_read_basic(message, (byte)'s', &text);
        MessageWriting.Check(result);
        value = result > 0 ? Marshal.PtrToStringUTF8((nint)text)! : null;
        return value is not null;
    }

    /// <summary>
    /// A token for a watch: a test that waits for an event that never comes is cancelled, and fails with where it
    /// waited.
    /// </summary>
    public static CancellationToken Patiently(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        return limit.Token;
    }

    /// <summary>The next event of that kind, others skipped.</summary>
    public static async Task<T> NextAsync<T>(this IAsyncEnumerator<UnitEvent> events)
        where T : UnitEvent
    {
        while (await events.MoveNextAsync())
        {
            if (events.Current is T wanted)
            {
                return wanted;
            }
        }

        throw new InvalidOperationException($"The watch ended without {typeof(T).Name}.");
    }
}
