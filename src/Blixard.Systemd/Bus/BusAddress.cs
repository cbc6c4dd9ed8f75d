using System.Globalization;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Bus;

/// <summary>
/// Where a systemd manager is reached. Through a message bus (<see cref="HasBusDaemon"/>), or directly on systemd's
/// private socket, where nobody says Hello and no match rule is needed: systemd sends every signal.
/// </summary>
/// <param name="Address">A D-Bus address, for example <c>unix:path=/run/dbus/system_bus_socket</c>.</param>
/// <param name="HasBusDaemon">False for a peer-to-peer connection.</param>
public sealed record BusAddress(string Address, bool HasBusDaemon)
{
    private const string SystemBusVariable = "DBUS_SYSTEM_BUS_ADDRESS";

    /// <summary>The user whose own manager is meant, to be found anew at each connection; null: an address.</summary>
    public string? User { get; private init; }

    /// <summary>The system bus: <c>DBUS_SYSTEM_BUS_ADDRESS</c> if set, else the address that D-Bus specifies.</summary>
    public static BusAddress System =>
        new(
            Environment.GetEnvironmentVariable(SystemBusVariable) is { Length: > 0 } address
                ? address
                : "unix:path=/run/dbus/system_bus_socket",
            HasBusDaemon: true);

    /// <summary>
    /// The private socket of a user's own manager. The user's session bus refuses root; this socket accepts it.
    /// </summary>
    /// <param name="userId">The numeric uid whose manager is meant.</param>
    public static BusAddress UserManager(uint userId) =>
        new(string.Create(CultureInfo.InvariantCulture, $"unix:path=/run/user/{userId}/systemd/private"), false);

    /// <summary>
    /// The own manager of a user by name. Neither the user nor the manager has to be there yet: each attempt to connect
    /// looks again.
    /// </summary>
    public static BusAddress OfUser(string user)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        return new("", HasBusDaemon: false) { User = user };
    }

    /// <summary>
    /// An address as an operator writes it: <c>system</c>, or a D-Bus address. A path that ends in
    /// <c>/systemd/private</c> is a manager's private socket.
    /// </summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static BusAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "system")
        {
            return System;
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !text.AsSpan(colon).Contains('='))
        {
            throw new FormatException(
                $"'{text}' is not a bus address: use 'system' or the form 'unix:path=/run/dbus/system_bus_socket'.");
        }

        return new(text, HasBusDaemon: !text.EndsWith("/systemd/private", StringComparison.Ordinal));
    }

    public override string ToString() => User is null ? Address : $"the manager of user {User}";

    /// <summary>
    /// The numeric id of <see cref="User"/> as it is now; null without one, or where nobody has that name. May wait for a
    /// directory service.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">It can't be looked up now.</exception>
    public uint? FindUserId() => User is null ? null : UserNames.IdOf(User);

    /// <summary>Where to connect now.</summary>
    /// <exception cref="SystemdUnavailableException">There is no such user.</exception>
    internal BusAddress Resolve() => User is null
        ? this
        : UserManager(FindUserId()
            ?? throw new SystemdUnavailableException($"There is no user {User} on this host."));
}
