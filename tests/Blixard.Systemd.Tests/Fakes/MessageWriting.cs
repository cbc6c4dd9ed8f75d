using Blixard.Systemd.Bus;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Tests.Fakes;

/// <summary>Writes the answers of a fake systemd.</summary>
internal static unsafe class MessageWriting
{
    public static BusMessage Write(this BusMessage message, char type, object value)
    {
        switch (type)
        {
            case 's' or 'o':
                Check(LibSystemdBus.sd_bus_message_append_basic(message, (byte)type, (string)value));
                break;
            case 'u':
                var number = (uint)value;
                Check(LibSystemdBus.sd_bus_message_append_basic(message, (byte)'u', &number));
                break;
            case 'i' or 'b':
                var signed = value is bool flag ? (flag ? 1 : 0) : (int)value;
                Check(LibSystemdBus.sd_bus_message_append_basic(message, (byte)type, &signed));
                break;
            case 't':
                var large = (ulong)value;
                Check(LibSystemdBus.sd_bus_message_append_basic(message, (byte)'t', &large));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }

        return message;
    }

    public static BusMessage Open(this BusMessage message, char type, string contents)
    {
        Check(LibSystemdBus.sd_bus_message_open_container(message, (byte)type, contents));
        return message;
    }

    public static BusMessage EndContainer(this BusMessage message)
    {
        Check(LibSystemdBus.sd_bus_message_close_container(message));
        return message;
    }

    /// <summary>An a{sv}.</summary>
    public static BusMessage WriteProperties(this BusMessage message, IReadOnlyDictionary<string, object> properties)
    {
        message.Open('a', "{sv}");
        foreach (var (name, value) in properties)
        {
            message.Open('e', "sv").Write('s', name).WriteVariant(value).EndContainer();
        }

        return message.EndContainer();
    }

    /// <summary>The type is that of the C# value.</summary>
    public static BusMessage WriteVariant(this BusMessage message, object value)
    {
        var (type, signature) = value switch
        {
            string => ('s', "s"),
            uint => ('u', "u"),
            int => ('i', "i"),
            ulong => ('t', "t"),
            bool => ('b', "b"),
            string[] => ('a', "as"),
            _ => throw new ArgumentOutOfRangeException(nameof(value)),
        };
        message.Open('v', signature);
        if (value is string[] texts)
        {
            message.Append(texts);
        }
        else
        {
            message.Write(type, value);
        }

        return message.EndContainer();
    }

    public static void Check(int result)
    {
        if (result < 0)
        {
            throw new InvalidOperationException(Errno.Describe(result));
        }
    }
}
