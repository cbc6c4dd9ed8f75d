using System.Runtime.InteropServices;

namespace Blixard.Systemd.Native;

/// <summary>Which file a path leads to: two paths with the same number lead to the same one.</summary>
internal readonly record struct FileNumber(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    private const int CurrentDirectory = -100;
    private const uint InodeMask = 0x100;

    /// <summary>Follows links; null: there is no such file, or it is not ours to look at.</summary>
    public static unsafe FileNumber? Of(string path)
    {
        StatX found;
        return LibC.statx(CurrentDirectory, path, flags: 0, InodeMask, &found) == 0
            ? new(found.DeviceMajor, found.DeviceMinor, found.Inode)
            : null;
    }
}

/// <summary>struct statx of statx(2), the same on every architecture; only what is asked for has a name.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatX
{
    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(136)]
    public uint DeviceMajor;

    [FieldOffset(140)]
    public uint DeviceMinor;
}
