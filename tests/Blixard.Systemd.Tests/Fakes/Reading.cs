using Blixard.Systemd.Bus;
using Blixard.Systemd.Native;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Fakes;

internal static class Reading
{
    /// <summary>The properties of a StartTransientUnit, as far as timers have them.</summary>
    public static Dictionary<string, object> TransientProperties(BusMessage message)
    {
        var properties = new Dictionary<string, object>(StringComparer.Ordinal);
        message.EnterArray("(sv)");
        while (message.EnterStruct("sv"))
        {
            var name = message.ReadString();
            properties[name] = name switch
            {
                "TimersMonotonic" => Timer(message),
                "AccuracyUSec" => message.VariantUInt64(),
                "DefaultDependencies" or "IgnoreOnIsolate" => message.VariantBoolean(),
                _ => message.VariantString(),
            };
            message.Exit();
        }

        message.Exit();
        message.Skip("a(sa(sv))");
        return properties;
    }

    private static (string Base, ulong Time) Timer(BusMessage message)
    {
        MessageWriting.Check(LibSystemdBus.sd_bus_message_enter_container(message, (byte)'v', "a(st)"));
        message.EnterArray("(st)");
        message.EnterStruct("st");
        var timer = (message.ReadString(), message.ReadUInt64());
        message.Exit();
        message.Exit();
        message.Exit();
        return timer;
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
