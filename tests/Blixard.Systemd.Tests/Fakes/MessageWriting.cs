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
            string[][] => ('a', "a(sasbttttuii)"),
            (uint, string) => ('r', "(uo)"),
            _ => throw new ArgumentOutOfRangeException(nameof(value)),
        };
        message.Open('v', signature);
        if (value is string[] texts)
        {
            message.Append(texts);
        }
        else if (value is string[][] commands)
        {
            WriteCommands(message, commands);
        }
        else if (value is (uint job, string path))
        {
            message.Open('r', "uo").Write('u', job).Write('o', path).EndContainer();
        }
        else
        {
            message.Write(type, value);
        }

        return message.EndContainer();
    }

    // Path, words, whether a failure is ignored, when it last began and ended, its process and how that ended.
    private static void WriteCommands(BusMessage message, string[][] commands)
    {
        message.Open('a', "(sasbttttuii)");
        foreach (var words in commands)
        {
            message.Open('r', "sasbttttuii").Write('s', words[0]).Append(words).Write('b', false)
                .Write('t', 1ul).Write('t', 2ul).Write('t', 3ul).Write('t', 4ul)
                .Write('u', 5u).Write('i', 6).Write('i', 7).EndContainer();
        }

        message.EndContainer();
    }

    public static void Check(int result)
    {
        if (result < 0)
        {
            throw new InvalidOperationException(Errno.Describe(result));
        }
    }
}
