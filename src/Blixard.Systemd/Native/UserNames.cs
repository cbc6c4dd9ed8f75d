namespace Blixard.Systemd.Native;

/// <summary>Users of this host, as the name service switch knows them (nsswitch.conf(5)).</summary>
internal static unsafe class UserNames
{
    // An entry with a long list of texts wants more than the first buffer; nobody's wants this much.
    private const int MaxBufferBytes = 1 << 20;

    /// <summary>The numeric id; null if there is no such user. May wait for a directory service.</summary>
    /// <exception cref="SystemdUnavailableException">It can't be looked up now.</exception>
    public static uint? IdOf(string name)
    {
        for (var length = 1024; length <= MaxBufferBytes; length *= 4)
        {
            var buffer = new byte[length];
            fixed (byte* start = buffer)
            {
                PasswordEntry entry;
                PasswordEntry* found = null;
                var error = LibC.getpwnam_r(name, &entry, start, (nuint)length, &found);
                switch (error)
                {
                    case 0:
                        return found is null ? null : entry.UserId;

                    // getpwnam_r(3): each of these is "not found" somewhere.
                    case Errno.ENOENT or Errno.ESRCH or Errno.EBADF or Errno.EPERM:
                        return null;
                    case Errno.ERANGE:
                        continue;
                    default:
                        throw new SystemdUnavailableException(
                            $"User {name} cannot be looked up: {Errno.Describe(-error)}");
                }
            }
        }

        throw new SystemdUnavailableException($"User {name} cannot be looked up: the entry is too long.");
    }
}
