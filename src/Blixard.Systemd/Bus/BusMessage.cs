using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Blixard.Systemd.Native;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Bus;

/// <summary>
/// One D-Bus message, written or read from front to back. Its reference count is not atomic: it must be disposed by
/// the thread that uses its connection, never left to the finalizer.
/// </summary>
internal sealed unsafe class BusMessage() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    public string Path => Marshal.PtrToStringUTF8((nint)LibSystemdBus.sd_bus_message_get_path(this)) ?? "";

    /// <summary>The call that this answers; null if it is no answer.</summary>
    public ulong? ReplyTo => LibSystemdBus.sd_bus_message_get_reply_cookie(this, out var cookie) >= 0 ? cookie : null;

    /// <summary>An answer that says that there is none.</summary>
    public bool IsError => LibSystemdBus.sd_bus_message_get_error(this) is not null;

    public bool IsSignal(string @interface, string member) =>
        Check(LibSystemdBus.sd_bus_message_is_signal(this, @interface, member)) > 0;

    public BusMessage Append(string value)
    {
        Check(LibSystemdBus.sd_bus_message_append_basic(this, (byte)'s', value));
        return this;
    }

    public BusMessage Append(IReadOnlyList<string> values)
    {
        Check(LibSystemdBus.sd_bus_message_open_container(this, (byte)'a', "s"));
        foreach (var value in values)
        {
            Append(value);
        }

        Check(LibSystemdBus.sd_bus_message_close_container(this));
        return this;
    }

    public BusMessage Append(ulong value)
    {
        Check(LibSystemdBus.sd_bus_message_append_basic(this, (byte)'t', &value));
        return this;
    }

    public BusMessage Append(int value)
    {
        Check(LibSystemdBus.sd_bus_message_append_basic(this, (byte)'i', &value));
        return this;
    }

    /// <summary>D-Bus booleans are 32 bits wide.</summary>
    public BusMessage Append(bool value)
    {
        var wide = value ? 1 : 0;
        Check(LibSystemdBus.sd_bus_message_append_basic(this, (byte)'b', &wide));
        return this;
    }

    /// <summary>Begins an array ('a'), struct ('r'), variant ('v') or dictionary entry ('e').</summary>
    public BusMessage OpenContainer(char type, string contents)
    {
        Check(LibSystemdBus.sd_bus_message_open_container(this, (byte)type, contents));
        return this;
    }

    public BusMessage CloseContainer()
    {
        Check(LibSystemdBus.sd_bus_message_close_container(this));
        return this;
    }

    public string ReadString() => ReadText('s');

    /// <summary>The next string of an entered array; false at its end.</summary>
    public bool TryReadString([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
    {
        byte* text;
        var more = Check(LibSystemdBus.sd_bus_message_read_basic(this, (byte)'s', &text)) > 0;
        value = more ? Marshal.PtrToStringUTF8((nint)text)! : null;
        return more;
    }

    public string ReadObjectPath() => ReadText('o');

    public uint ReadUInt32()
    {
        uint value;
        ReadBasic('u', &value);
        return value;
    }

    public int ReadInt32()
    {
        int value;
        ReadBasic('i', &value);
        return value;
    }

    public ulong ReadUInt64()
    {
        ulong value;
        ReadBasic('t', &value);
        return value;
    }

    /// <summary>D-Bus booleans are 32 bits wide.</summary>
    public bool ReadBoolean()
    {
        int value;
        ReadBasic('b', &value);
        return value != 0;
    }

    public byte[] ReadBytes()
    {
        if (Check(LibSystemdBus.sd_bus_message_read_array(this, (byte)'y', out var data, out var size)) == 0)
        {
            throw Malformed("an array is missing");
        }

        return new ReadOnlySpan<byte>(data, (int)size).ToArray();
    }

    /// <summary>Enters an array; false where there is none.</summary>
    public bool EnterArray(string contents) => Enter('a', contents);

    /// <summary>Enters the next struct; false at the end of the array around it.</summary>
    public bool EnterStruct(string contents) => Enter('r', contents);

    /// <summary>Leaves the container; all of it must have been read or skipped.</summary>
    public void Exit() => Check(LibSystemdBus.sd_bus_message_exit_container(this));

    public void Skip(string types) => Check(LibSystemdBus.sd_bus_message_skip(this, types));

    /// <summary>
    /// Steps through an entered <c>a{sv}</c>: the value follows and has to be read with one of the Variant methods or
    /// <see cref="SkipVariant"/>, then <see cref="EndProperty"/>.
    /// </summary>
    public bool NextProperty([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? name)
    {
        name = Enter('e', "sv") ? ReadString() : null;
        return name is not null;
    }

    public void EndProperty() => Exit();

    public string VariantString() => Variant("s", static m => m.ReadString());

    public uint VariantUInt32() => Variant("u", static m => m.ReadUInt32());

    public int VariantInt32() => Variant("i", static m => m.ReadInt32());

    public ulong VariantUInt64() => Variant("t", static m => m.ReadUInt64());

    public bool VariantBoolean() => Variant("b", static m => m.ReadBoolean());

    /// <summary>The number in a unit's property Job; 0 for none.</summary>
    public uint VariantJob() => Variant("(uo)", static m =>
    {
        m.EnterStruct("uo");
        var id = m.ReadUInt32();
        m.Skip("o");
        m.Exit();
        return id;
    });

    /// <summary>The words of each command in a service's property ExecStart.</summary>
    public IReadOnlyList<IReadOnlyList<string>> VariantCommands() => Variant("a(sasbttttuii)", static m =>
    {
        var commands = new List<IReadOnlyList<string>>();
        m.EnterArray("(sasbttttuii)");
        while (m.EnterStruct("sasbttttuii"))
        {
            m.Skip("s");
            var words = new List<string>();
            m.EnterArray("s");
            while (m.TryReadString(out var word))
            {
                words.Add(word);
            }

            m.Exit();
            m.Skip("bttttuii");
            m.Exit();
            commands.Add(words);
        }

        m.Exit();
        return (IReadOnlyList<IReadOnlyList<string>>)commands;
    });

    public byte[] VariantBytes() => Variant("ay", static m => m.ReadBytes());

    public void SkipVariant() => Skip("v");

    protected override bool ReleaseHandle()
    {
        LibSystemdBus.sd_bus_message_unref(handle);
        return true;
    }

    private static SystemdUnavailableException Malformed(string what) =>
        new($"A D-Bus message is not what was expected: {what}.");

    private static int Check(int result, [CallerMemberName] string operation = "") =>
        result >= 0 ? result : throw Malformed($"{operation} failed with {Errno.Describe(result)}");

    private T Variant<T>(string type, Func<BusMessage, T> read)
    {
        if (!Enter('v', type))
        {
            throw Malformed($"a value of type '{type}' is missing");
        }

        var value = read(this);
        Exit();
        return value;
    }

    private bool Enter(char type, string contents) =>
        Check(LibSystemdBus.sd_bus_message_enter_container(this, (byte)type, contents)) > 0;

    private string ReadText(char type)
    {
        byte* text;
        ReadBasic(type, &text);
        return Marshal.PtrToStringUTF8((nint)text)!;
    }

    private void ReadBasic(char type, void* value)
    {
        if (Check(LibSystemdBus.sd_bus_message_read_basic(this, (byte)type, value)) == 0)
        {
            throw Malformed($"a value of type '{type}' is missing");
        }
    }
}
