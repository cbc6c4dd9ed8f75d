namespace Blixard.Systemd.Network;

/// <summary>
/// What the kernel takes as an interface name (dev_valid_name): it becomes a part of a path below /sys.
/// </summary>
internal static class InterfaceNames
{
    private const int MaxLength = 15;

    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > MaxLength || name is "." or "..")
        {
            return false;
        }

        foreach (var c in name)
        {
            if (c is '/' or ':' || c <= ' ' || c > '~')
            {
                return false;
            }
        }

        return true;
    }
}
